import type { Deployment } from '@berth/contracts'
import {
  type ConfigField,
  configOf,
  type ConfigValues,
  initialValues,
  readObject,
  valuesFrom,
} from '../schemaFields.ts'

/** What the settings form holds: text, as it was typed. */
export interface SettingsForm {
  name: string
  version: string
  values: ConfigValues
  /** The configuration as JSON where no form can express it; null: it is in `values`. */
  json: string | null
  secrets: Record<string, string>
  memoryMb: string
  cpus: string
  pids: string
}

/** The form as a deployment fills it. */
export function formOf(deployment: Deployment, fields: ConfigField[] | null): SettingsForm {
  const { name, version, config, secrets, limits } = deployment
  const told = (fields ?? []).filter((field) => config[field.name] !== undefined)
  return {
    name,
    version,
    values: fields ? { ...initialValues(fields), ...valuesFrom(told, config) } : {},
    json: fields ? null : JSON.stringify(config, null, 2),
    secrets,
    memoryMb: String(limits.memoryMb),
    cpus: String(limits.cpus),
    pids: String(limits.pids),
  }
}

/** The limits that the form means, and which of them is not a number. */
export function valuesOf(form: SettingsForm): {
  limits: { memoryMb: number; cpus: number; pids: number }
  faults: Record<string, string>
} {
  const limits = { memoryMb: Number(form.memoryMb), cpus: Number(form.cpus), pids: Number(form.pids) }
  const faults: Record<string, string> = {}
  for (const [key, value] of Object.entries(limits))
    if (!Number.isFinite(value) || form[key as keyof typeof limits].trim() === '')
      faults[key] = 'It must be a number.'
  return { limits, faults }
}

export interface SettingsChange {
  field: string
  before: unknown
  now: unknown
}

/** What of the settings differs between two states of one deployment, each property by itself. */
export function changesBetween(before: Deployment, now: Deployment): SettingsChange[] {
  const [old, present] = [flatOf(before), flatOf(now)]
  return [...new Set([...Object.keys(old), ...Object.keys(present)])]
    .filter((field) => !same(old[field], present[field]))
    .map((field) => ({ field, before: old[field], now: present[field] }))
}

type Settings = Pick<Deployment, 'name' | 'version' | 'config' | 'secrets' | 'limits'>

function flatOf({ name, version, config, secrets, limits }: Settings): Record<string, unknown> {
  const flat: Record<string, unknown> = { name, version }
  for (const [group, values] of Object.entries({ config, secrets, limits }))
    for (const [key, value] of Object.entries(values)) flat[`${group}.${key}`] = value
  return flat
}

export interface Meeting extends SettingsChange {
  /** What the person made of the same field; absent: they left it alone. */
  mine?: unknown
}

/** What somebody else changed since `before`, each with what the person made of it. */
export function meetingsOf(before: Deployment, now: Deployment, mine: Settings): Meeting[] {
  const [old, typed] = [flatOf(before), flatOf(mine)]
  return changesBetween(before, now).map((change) => {
    const value = typed[change.field]
    return same(value, old[change.field]) || same(value, change.now) ? change : { ...change, mine: value }
  })
}

/** The settings that the form means, as far as it can be read. */
export function settingsOf(form: SettingsForm, fields: ConfigField[] | null): Settings {
  const read = form.json === null ? configOf(fields ?? [], form.values) : readObject(form.json)
  const { name, version, secrets } = form
  return { name, version, secrets, config: read.config, limits: valuesOf(form).limits }
}

/** The form with one field, such as `config.city`, as another form has it. */
export function taken(form: SettingsForm, from: SettingsForm, field: string): SettingsForm {
  const [group = '', ...rest] = field.split('.')
  const key = rest.join('.')
  if (group === 'secrets') return { ...form, secrets: withOne(form.secrets, from.secrets, key) }
  if (group !== 'config') return { ...form, ...pick(from, group === 'limits' ? key : group) }
  return from.json === null
    ? { ...form, values: withOne(form.values, from.values, key) }
    : { ...form, json: from.json }
}

const pick = (from: SettingsForm, key: string) => ({ [key]: from[key as keyof SettingsForm] })

function withOne<V>(values: Record<string, V>, from: Record<string, V>, key: string): Record<string, V> {
  const { [key]: _, ...rest } = values
  return from[key] === undefined ? rest : { ...rest, [key]: from[key] }
}

/** What a person typed over `start`, put over `current`; what they left alone follows `current`. */
export function rebased(form: SettingsForm, start: SettingsForm, current: SettingsForm): SettingsForm {
  return {
    ...over(form, start, current),
    values: over(form.values, start.values, current.values),
    secrets: over(form.secrets, start.secrets, current.secrets),
  }
}

function over<T extends object>(form: T, start: T, current: T): T {
  const typed = Object.entries(form).filter(([key, value]) => !same(value, start[key as keyof T]))
  return { ...current, ...Object.fromEntries(typed) }
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
