import { describe, expect, test } from 'vitest'
import {
  entitlements,
  eventTypes,
  machines,
  notes,
  pendingMeanings,
  permissions,
  problemCodes,
} from '@berth/contracts'
import { createProgram } from '../../../cli/src/program.ts'
import { planFileFields } from '../../../server/src/billing/plans/file.ts'
import { settings } from '../../../server/src/platform/config.ts'
import { diagram } from './diagram.ts'
import { generatedPages } from './index.ts'

const pages = new Map(generatedPages().map((page) => [page.slug, page.body]))

/** The code in a page's headings of a level. */
const headings = (slug: string, level: number) =>
  [...pages.get(slug)!.matchAll(new RegExp(`^#{${level}} \`(.+)\`$`, 'gm'))].map((match) => match[1]!)

/** The code at the beginning of the rows of a page's tables. */
const rows = (slug: string) => [...pages.get(slug)!.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!)

describe('the reference has nothing missing and nothing extra of', () => {
  test('notes', () => expect(headings('reference/notes', 3)).toEqual(Object.keys(notes)))
  test('pending statuses', () => expect(rows('reference/notes')).toEqual(Object.keys(pendingMeanings)))
  test('error codes', () => expect(headings('reference/errors', 2)).toEqual(Object.keys(problemCodes)))
  test('settings', () => expect(rows('reference/settings')).toEqual(settings.map(({ name }) => name)))
  test('fields of a plan file', () =>
    expect(rows('reference/plan-file')).toEqual([
      ...planFileFields.map(({ name }) => name),
      ...Object.keys(entitlements),
    ]))
  test('events', () => expect(headings('reference/events', 3).sort()).toEqual(Object.keys(eventTypes).sort()))
  test('permissions', () =>
    expect(rows('reference/permissions')).toEqual(expect.arrayContaining([...permissions])))

  test('commands', () => {
    for (const command of createProgram().commands) {
      const page = pages.get(`reference/mcpctl/${command.name()}`)
      expect([command.name(), page]).toEqual([command.name(), expect.any(String)])
      for (const verb of command.commands)
        expect(page).toContain(`## mcpctl ${command.name()} ${verb.name()}\n`)
    }
    const commandPages = [...pages.keys()].filter((slug) => slug.startsWith('reference/mcpctl/'))
    expect(commandPages).toHaveLength(createProgram().commands.length)
  })
})

describe.each(machines.map((machine) => [machine.name, machine] as const))(
  'the drawing of a %s',
  (_name, machine) => {
    const drawing = diagram(machine)

    test('has every state once and every way between two', () => {
      const states = [...drawing.matchAll(/<g class="state[^"]*">.*?<text[^>]*>([^<]+)</g)].map(
        (match) => match[1],
      )
      expect(states).toEqual(machine.states)
      const ways = new Set(machine.edges.flatMap(({ from, to }) => from.map((state) => `${state} ${to}`)))
      expect(drawing.match(/<g class="edge">/g)).toHaveLength(ways.size)
      for (const { action } of machine.edges) expect(drawing).toContain(action)
    })

    test('stays one block of HTML in Markdown', () => expect(drawing).not.toContain('\n'))
  },
)
