import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import {
  api,
  ApiError,
  clientSettings,
  mcpClients,
  tokenPlaceholder,
  type Deployment,
  type McpClient,
  type McpClientName,
} from '@berth/contracts'
import { Argument, Command, Option } from 'commander'
import { does, wholeNumber } from '../core/command.ts'
import { createContext, type Context } from '../core/context.ts'
import { RefusedError, UsageError, whyUnreadable } from '../core/errors.ts'
import { findDeployment, organizationOf } from '../core/find.ts'
import { escapeText } from '../core/text.ts'
import { settingsPaths, thisMachine } from './clients.ts'
import {
  backUp,
  connections,
  digestOf,
  edited,
  readSettings,
  remember,
  replaceFile,
  takeBack,
  type Connection,
} from './settings.ts'

interface ConnectOptions {
  file?: string
  name?: string
  clientTokenFile?: string
  expiresInDays: number
  print?: boolean
  undo?: boolean
}

/** A client with where its settings are on this machine. */
type Client = McpClient & { file: string | undefined }

/** `mcpctl connect`: writes a deployment into the settings of an MCP client on this machine. */
export function connectCommand(): Command {
  const command = new Command('connect')
    .description("Write a deployment into an MCP client's settings, with a token of its own")
    .addArgument(new Argument('<client>', 'which client').choices(Object.keys(mcpClients)))
    .argument('[deployment]', 'id, name, or workspace/name')
    .option('--file <file>', "the settings file (default: the client's own, of this user)")
    .option('--name <name>', "the entry's name (default: the deployment's)")
    .option('--client-token-file <file>', 'write the token in this file instead of creating one')
    .addOption(
      new Option('--expires-in-days <n>', 'days until the created token expires')
        .default(90)
        .argParser(wholeNumber(1, 3650)),
    )
    .addOption(new Option('--print', 'show the entry only; create and change nothing').conflicts('undo'))
    .option('--undo', 'take the entry back as it was before, and revoke its token')
    .addHelpText('after', examples)
  return does(command, connect)
}

const examples = `
The file is backed up first; other entries and comments stay as they are.

Examples:
  mcpctl connect cursor everything
  mcpctl connect claude-code support/everything --print
  mcpctl connect cursor --undo`

async function connect(
  context: Context,
  options: ConnectOptions,
  clientName: string,
  named?: string,
): Promise<void> {
  const known = clientName as McpClientName
  const client: Client = { ...mcpClients[known], file: settingsPaths[known](thisMachine()) }
  if (options.undo) return undo(context, options, client, named)
  if (!named) throw new UsageError('Say which deployment.', 'mcpctl deployments list')
  const deployment = await findDeployment(context, await organizationOf(context), named)
  const name = options.name ?? deployment.name
  if (options.print) return print(context, options, client, deployment, name)
  await write(context, options, client, deployment, name)
}

function print(
  { out }: Context,
  options: ConnectOptions,
  client: Client,
  deployment: Deployment,
  name: string,
): void {
  const token = tokenIn(options.clientTokenFile)
  out.data(clientSettings(client, name, deployment.mcpUrl, token ?? tokenPlaceholder))
  const file = options.file ?? client.file
  out.say(file ? `It belongs into ${escapeText(file)}.` : `It belongs into the settings of ${client.title}.`)
  if (token === undefined) {
    out.next(`mcpctl tokens create <name> --scope tools:call --deployment ${deployment.id}`)
  }
}

/** Everything that can be refused is looked at before the token is made; a token that was not written is revoked. */
async function write(
  context: Context,
  options: ConnectOptions,
  client: Client,
  deployment: Deployment,
  name: string,
): Promise<void> {
  const { mcpUrl } = deployment
  const settings = readable(context, options, client, name, mcpUrl)
  const { file } = settings
  const earlier = connections().find((one) => one.file === file && one.name === name)
  const former = settings.entries[name]
  if (former !== undefined && !(earlier && refersTo(former, earlier.mcpUrl))) {
    throw new RefusedError(
      `${file} has an entry "${name}" that mcpctl did not write. Choose another name with --name.`,
    )
  }
  edited(settings, client.servers, name, client.entry(mcpUrl, tokenPlaceholder))
  const given = tokenIn(options.clientTokenFile)
  const created = given === undefined ? await createToken(context, options, client, deployment) : undefined
  const backup = backUp(settings)
  try {
    const text = edited(settings, client.servers, name, client.entry(mcpUrl, given ?? created!.secret))
    const connection: Connection = {
      file,
      name,
      servers: client.servers,
      mcpUrl,
      berthUrl: context.url,
      tokenId: created?.id,
      backup: earlier ? undefined : backup,
      created: earlier ? false : settings.text === undefined,
      written: digestOf(text),
      former: earlier?.former,
    }
    remember(connection)
    replaceFile(file, text)
  } catch (error) {
    if (created) await revoke(context, created.id)
    throw error
  }
  if (earlier?.tokenId) await revokeAt(context, earlier)
  const { out } = context
  if (out.json) return out.data({ file, name, mcpUrl, tokenId: created?.id ?? null, backup: backup ?? null })
  out.done(`${client.title} has ${escapeText(name)} now, in ${escapeText(file)}.`)
  if (created) out.say(`Its token may call the tools of this deployment for ${options.expiresInDays} days.`)
  if (backup) out.say(`The file as it was: ${escapeText(backup)}`)
  out.say(client.afterwards)
}

/** The client's file, read; where it cannot be edited, what to paste is shown beside the refusal. */
function readable({ out }: Context, options: ConnectOptions, client: Client, name: string, mcpUrl: string) {
  try {
    return readSettings(fileOf(options, client), client.servers, client.title)
  } catch (error) {
    if (error instanceof RefusedError) {
      out.say('This is what belongs there:')
      out.say(escapeLinesOf(clientSettings(client, name, mcpUrl, tokenPlaceholder)))
    }
    throw error
  }
}

const escapeLinesOf = (value: unknown): string =>
  JSON.stringify(value, null, 2).split('\n').map(escapeText).join('\n')

function fileOf(options: ConnectOptions, client: Client): string {
  if (options.file !== undefined) return resolve(options.file)
  const file = client.file
  if (file) return file
  throw new RefusedError(
    `Where ${client.title} keeps its settings on this system is not known. Name it with --file.`,
  )
}

function refersTo(entry: unknown, mcpUrl: string): boolean {
  return JSON.stringify(entry).includes(JSON.stringify(mcpUrl))
}

function tokenIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  let token: string
  try {
    token = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new UsageError(`The token file ${path} cannot be read: ${whyUnreadable(error)}.`)
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new UsageError(`The token file ${path} must hold a token and nothing else.`)
}

function createToken(context: Context, options: ConnectOptions, client: Client, deployment: Deployment) {
  return context.call(api.tokens.createMine, {
    body: {
      name: `${client.title} on ${hostname()}`.slice(0, 80),
      organizationId: deployment.organizationId,
      scopes: ['tools:call'],
      allowedDeployments: [deployment.id],
      expiresInDays: options.expiresInDays,
    },
  })
}

async function undo(
  context: Context,
  options: ConnectOptions,
  client: Client,
  named: string | undefined,
): Promise<void> {
  const file = readSettings(fileOf(options, client), client.servers, client.title).file
  const name = options.name ?? named?.slice(named.indexOf('/') + 1)
  const found = connections().findLast((one) => one.file === file && (!name || one.name === name))
  if (!found) {
    throw new RefusedError(
      `mcpctl has written nothing${name ? ` named "${name}"` : ''} into ${file} that it could take back.`,
    )
  }
  const wasThere = takeBack(found, client.title)
  if (found.tokenId) await revokeAt(context, found)
  remember(found, true)
  const { out } = context
  if (out.json) return out.data({ file, name: found.name, removed: wasThere, revoked: found.tokenId ?? null })
  if (wasThere) out.done(`Took ${escapeText(found.name)} out of ${escapeText(file)}.`)
  else
    out.say(
      `${escapeText(file)} no longer held ${escapeText(found.name)} as mcpctl wrote it; it stays as it is.`,
    )
  if (found.tokenId) out.done('Revoked its token.')
}

/** Revokes a connection's token at the Berth it was made with. */
async function revokeAt(context: Context, { berthUrl, tokenId }: Connection): Promise<void> {
  const there = berthUrl === context.url ? context : createContext({ ...context.options, url: berthUrl })
  await revoke(there, tokenId!)
}

/** Revokes a token; one that is gone already is fine. */
async function revoke(context: Context, tokenId: string): Promise<void> {
  try {
    await context.call(api.tokens.revokeMine, { params: { tokenId } })
  } catch (error) {
    if (!(error instanceof ApiError) || error.problem.status !== 404) throw error
  }
}
