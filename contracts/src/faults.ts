import type { z } from 'zod'

/** What a value has to be, as a person says it; for schemas that say nothing themselves. */
export const faultWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required'
      return `must be ${kinds[issue.expected] ?? issue.expected}`
    case 'too_big':
      return sized('at most', issue.origin, issue.maximum, issue.inclusive ? 'at most' : 'less than')
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty'
      return sized('at least', issue.origin, issue.minimum, issue.inclusive ? 'at least' : 'more than')
    case 'invalid_format':
      return formats[issue.format] ?? (issue.pattern ? `must match ${issue.pattern}` : undefined)
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'unrecognized_keys':
      return `must not have ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`
    case 'invalid_union':
      return issue.input === undefined ? 'is required' : 'has a form that is not known here'
    default:
      return undefined
  }
}

const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  null: 'null',
  nonoptional: 'given',
}

const formats: Record<string, string> = {
  email: 'must be an e-mail address such as ada@example.org',
  url: 'must be a URL such as https://example.org',
  uuid: 'must be a UUID',
  datetime: 'must be a time as of ISO 8601, such as 2030-01-31T09:00:00Z',
  date: 'must be a day such as 2030-01-31',
}

const units: Record<string, [one: string, many: string]> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
  set: ['entry', 'entries'],
  map: ['entry', 'entries'],
}

function sized(count: string, origin: string, bound: number | bigint, compared: string): string {
  const unit = units[origin]
  return unit ? `must have ${count} ${bound} ${unit[bound === 1 ? 0 : 1]}` : `must be ${compared} ${bound}`
}
