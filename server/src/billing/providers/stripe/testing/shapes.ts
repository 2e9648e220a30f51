/** What Stripe's API takes at the addresses that Berth uses, as its OpenAPI document of this version publishes it. */

/** A list of words is an enumeration; `metadata` a flat map of texts; `[shape]` a list. */
export type Shape =
  | 'string'
  | 'integer'
  | 'boolean'
  | 'metadata'
  | { oneOf: readonly string[] }
  | { list: Shape }
  | { fields: Record<string, Shape>; required?: readonly string[] }

export interface ApiError {
  status: number
  error: { type: string; code?: string; message: string; param?: string; decline_code?: string }
}

export const invalid = (message: string, param?: string, code?: string): ApiError => ({
  status: 400,
  error: {
    type: 'invalid_request_error',
    message,
    ...(param === undefined ? {} : { param }),
    ...(code === undefined ? {} : { code }),
  },
})

export type Params = { [key: string]: Params | string }

/** `a[b][0]=c` as the nested thing it stands for. */
export function parseForm(text: string): Params {
  const root: Params = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const keys = name.replaceAll(']', '').split('[')
    const last = keys.pop()!
    const place = keys.reduce<Params>((at, key) => {
      at[key] ??= {}
      return at[key] as Params
    }, root)
    place[last] = value
  }
  return root
}

/** Throws what Stripe answers to a parameter it does not know, or one of another kind. */
export function check(given: Params | string, shape: Shape, at = ''): void {
  const wrong = (message: string) => invalid(message, at)
  if (shape === 'string') {
    if (typeof given !== 'string') throw wrong(`Invalid string: ${JSON.stringify(given)}`)
  } else if (shape === 'integer') {
    if (typeof given !== 'string' || !/^-?\d+$/.test(given))
      throw wrong(`Invalid integer: ${JSON.stringify(given)}`)
  } else if (shape === 'boolean') {
    if (given !== 'true' && given !== 'false') throw wrong(`Invalid boolean: ${JSON.stringify(given)}`)
  } else if (typeof given === 'string' && !('oneOf' in (shape as object))) {
    throw wrong(`Invalid object: ${given}`)
  } else if (shape === 'metadata') {
    for (const [key, value] of Object.entries(given as Params)) {
      if (typeof value !== 'string' || value.length > 500 || key.length > 40)
        throw wrong(`Metadata values are texts of at most 500 characters: ${key}`)
    }
  } else if ('oneOf' in shape) {
    if (!shape.oneOf.includes(given as string))
      throw wrong(`Invalid ${at}: must be one of ${shape.oneOf.join(', ')}`)
  } else if ('list' in shape) {
    for (const [index, value] of Object.entries(given as Params)) check(value, shape.list, `${at}[${index}]`)
  } else {
    for (const [key, value] of Object.entries(given as Params)) {
      const path = at ? `${at}[${key}]` : key
      const known = shape.fields[key]
      if (!known) throw invalid(`Received unknown parameter: ${path}`, path, 'parameter_unknown')
      check(value, known, path)
    }
    for (const key of shape.required ?? [])
      if ((given as Params)[key] === undefined)
        throw invalid(`Missing required param: ${at ? `${at}[${key}]` : key}.`, key, 'parameter_missing')
  }
}

const expand: Shape = { list: 'string' }
const page = { limit: 'integer', starting_after: 'string', ending_before: 'string', expand } as const
const range: Shape = { fields: { gt: 'integer', gte: 'integer', lt: 'integer', lte: 'integer' } }
const url = 'string'
const on: Shape = { fields: { enabled: 'boolean' }, required: ['enabled'] }

const customer: Record<string, Shape> = {
  name: 'string',
  email: 'string',
  description: 'string',
  phone: 'string',
  balance: 'integer',
  metadata: 'metadata',
  invoice_settings: { fields: { default_payment_method: 'string', footer: 'string' } },
  expand,
}

const session: Record<string, Shape> = {
  mode: { oneOf: ['payment', 'setup', 'subscription'] },
  customer: 'string',
  client_reference_id: 'string',
  metadata: 'metadata',
  currency: 'string',
  allowed_payment_method_types: { list: { oneOf: ['card', 'sepa_debit', 'link'] } },
  adaptive_pricing: { fields: { enabled: 'boolean' } },
  expires_at: 'integer',
  success_url: url,
  cancel_url: url,
  line_items: {
    list: {
      fields: {
        quantity: 'integer',
        price: 'string',
        price_data: {
          fields: {
            currency: 'string',
            unit_amount: 'integer',
            product_data: {
              fields: { name: 'string', description: 'string', metadata: 'metadata' },
              required: ['name'],
            },
          },
          required: ['currency'],
        },
      },
    },
  },
  payment_intent_data: {
    fields: {
      setup_future_usage: { oneOf: ['off_session', 'on_session'] },
      description: 'string',
      metadata: 'metadata',
    },
  },
  setup_intent_data: { fields: { description: 'string', metadata: 'metadata' } },
  expand,
}

const features: Shape = {
  fields: {
    customer_update: { fields: { enabled: 'boolean', allowed_updates: { list: 'string' } } },
    invoice_history: on,
    payment_method_update: on,
    subscription_cancel: on,
    subscription_update: on,
  },
}

/** By method and address; `:id` stands for any id. */
export const shapes: Record<string, Shape> = {
  'GET /v1/customers/search': {
    fields: { query: 'string', limit: 'integer', page: 'string', expand },
    required: ['query'],
  },
  'POST /v1/customers': { fields: customer },
  'GET /v1/customers/:id': { fields: { expand } },
  'POST /v1/customers/:id': { fields: customer },
  'GET /v1/checkout/sessions': { fields: { ...page, customer: 'string', created: range, status: 'string' } },
  'POST /v1/checkout/sessions': { fields: session },
  'POST /v1/checkout/sessions/:id/expire': { fields: { expand } },
  'GET /v1/invoices': { fields: { ...page, customer: 'string', created: range, status: 'string' } },
  'POST /v1/invoices': {
    fields: {
      customer: 'string',
      currency: 'string',
      auto_advance: 'boolean',
      collection_method: { oneOf: ['charge_automatically', 'send_invoice'] },
      pending_invoice_items_behavior: { oneOf: ['exclude', 'include'] },
      description: 'string',
      metadata: 'metadata',
      expand,
    },
  },
  'GET /v1/invoices/:id': { fields: { expand } },
  'DELETE /v1/invoices/:id': { fields: {} },
  'POST /v1/invoices/:id/finalize': { fields: { auto_advance: 'boolean', expand } },
  'POST /v1/invoices/:id/pay': {
    fields: {
      payment_method: 'string',
      off_session: 'boolean',
      paid_out_of_band: 'boolean',
      forgive: 'boolean',
      expand,
    },
  },
  'POST /v1/invoices/:id/void': { fields: { expand } },
  'POST /v1/invoices/:id/mark_uncollectible': { fields: { expand } },
  'GET /v1/invoiceitems': { fields: { ...page, invoice: 'string', customer: 'string', pending: 'boolean' } },
  'POST /v1/invoiceitems': {
    fields: {
      customer: 'string',
      invoice: 'string',
      currency: 'string',
      amount: 'integer',
      description: 'string',
      metadata: 'metadata',
      period: { fields: { start: 'integer', end: 'integer' } },
      expand,
    },
  },
  'GET /v1/charges/:id': { fields: { expand } },
  'GET /v1/charges': { fields: { ...page, customer: 'string', created: range } },
  'GET /v1/billing_portal/configurations': { fields: { ...page, active: 'boolean', is_default: 'boolean' } },
  'POST /v1/billing_portal/configurations': {
    fields: { features, metadata: 'metadata', default_return_url: url, expand },
    required: ['features'],
  },
  'POST /v1/billing_portal/sessions': {
    fields: { customer: 'string', configuration: 'string', return_url: url, locale: 'string', expand },
  },
}
