import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { api, UnreachableError } from '@berth/contracts'
import { Command } from 'commander'
import { does } from '../core/command.ts'
import type { Context } from '../core/context.ts'
import { RefusedError } from '../core/errors.ts'
import { organizationOf } from '../core/find.ts'
import { untilInterrupted } from '../core/interrupt.ts'
import type { Output } from '../core/output.ts'
import { Progress } from '../core/progress.ts'
import { escapeText } from '../core/text.ts'
import { verifyExport, type Verified } from './archive.ts'

interface ExportOptions {
  output?: string
  force?: boolean
}

export function exportOrganization(): Command {
  const command = new Command('export')
    .description('Save everything of an organization as one archive, and verify it')
    .option('--output <file>', 'where to (default: the name that the server gives)')
    .option('--force', 'write over a file that is there')
  return does(command, save)
}

export function verifyOrganizationExport(): Command {
  const command = new Command('verify')
    .description("Verify an organization's export: every file, and the log to its root; needs no server")
    .argument('<archive>')
  return does(command, verify)
}

async function save(context: Context, options: ExportOptions): Promise<void> {
  const organizationId = await organizationOf(context)
  // Said before anything is made: the server writes each export into the organization's log.
  if (options.output) refuseToOverwrite(options.output, options.force)
  const signal = untilInterrupted()
  const progress = new Progress(context.out)
  try {
    progress.now('asking for the export')
    const response = await context.open(api.departure.export, { params: { organizationId } }, { signal })
    const file = options.output ?? nameIn(response)
    refuseToOverwrite(file, options.force)
    const verified = await download(response, file, signal, progress)
    print(context.out, file, verified)
  } finally {
    progress.end()
  }
}

/** Into `<file>.part`, which becomes the file once it was verified; nothing half stays behind. */
async function download(
  response: Response,
  file: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<Verified> {
  const part = `${file}.part`
  try {
    await pipeline(counted(response, progress), createWriteStream(part), { signal })
    progress.now('verifying it')
    const verified = await verifyExport(part)
    renameSync(part, file)
    return verified
  } catch (error) {
    rmSync(part, { force: true })
    if (signal.aborted) throw new RefusedError('The export was broken off; nothing was saved.')
    if ((error as NodeJS.ErrnoException).code?.startsWith('E')) {
      throw new RefusedError(`${file} cannot be written: ${(error as Error).message}.`)
    }
    if (error instanceof RefusedError) throw error
    throw new UnreachableError('The server broke off in the middle of the export; nothing was saved.')
  }
}

async function* counted(response: Response, progress: Progress): AsyncGenerator<Uint8Array> {
  let bytes = 0
  let shown = -1
  for await (const chunk of Readable.fromWeb(response.body as never) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    const megabytes = Math.floor(bytes / 1e6)
    if (megabytes > shown) progress.now(`receiving it, ${(shown = megabytes)} MB so far`)
    yield chunk
  }
}

function nameIn(response: Response): string {
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1]
  return path.basename(name ?? 'organization.tar.gz')
}

function refuseToOverwrite(file: string, force: boolean | undefined): void {
  if (force || !existsSync(file)) return
  throw new RefusedError(`${file} is there already. Choose another with --output, or say --force.`)
}

async function verify(context: Context, _options: object, file: string): Promise<void> {
  if (!existsSync(file)) throw new RefusedError(`There is no file ${file}.`)
  print(context.out, file, await verifyExport(file))
}

function print(out: Output, file: string, verified: Verified): void {
  const { manifest, files, rows, events, erased } = verified
  const { slug } = manifest.organization
  if (out.json) return out.data({ file, organization: manifest.organization, files, rows, events, erased })
  out.done(`${escapeText(file)} holds the organization ${escapeText(slug)} as of ${manifest.exportedAt}.`)
  out.fields([
    ['files', files],
    ['records', rows],
    ['events in the log', events],
    ['root of the log', manifest.log.root],
    ...(erased > 0 ? [['erased texts', erased] as [string, number]] : []),
  ])
}
