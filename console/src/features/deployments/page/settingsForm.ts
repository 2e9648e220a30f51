import type { Deployment } from '@berth/contracts'
import { type ConfigField, type ConfigValues, initialValues, valuesFrom } from '../schemaFields.ts'

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

function flatOf({ name, version, config, secrets, limits }: Deployment): Record<string, unknown> {
  const flat: Record<string, unknown> = { name, version }
  for (const [group, values] of Object.entries({ config, secrets, limits }))
    for (const [key, value] of Object.entries(values)) flat[`${group}.${key}`] = value
  return flat
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
