/** What the fake Stripe holds, and what its requests and its customers do to it. */
import { randomBytes } from 'node:crypto'
import type { Card, Thing, World } from './fake-kinds.ts'
import { invalid, type ApiError, type Params } from './shapes.ts'

export function createWorld(now: () => Date, emit: (type: string, object: Thing) => void): World {
  const all = new Map<string, Thing>()
  const seed = randomBytes(4).toString('hex')
  const searchLags = { now: false }
  const seconds = () => Math.floor(now().getTime() / 1000)
  const made = (prefix: string, object: string, values: Thing): Thing => {
    const id = `${prefix}_${all.size + 1}${seed}`
    const one = { id, object, created: seconds(), livemode: false, metadata: {}, ...values, place: all.size }
    all.set(id, one)
    return one
  }
  const thing = (id: string, object?: string): Thing => {
    const one = all.get(id)
    if (!one || (object && one.object !== object))
      throw { ...invalid(`No such ${object ?? 'object'}: '${id}'`, 'id', 'resource_missing'), status: 404 }
    return one
  }
  /** Checkouts end by themselves. */
  function lapse(): void {
    for (const one of all.values())
      if (one.object === 'checkout.session' && one.status === 'open' && one.expires_at <= seconds())
        Object.assign(one, { status: 'expired', url: null })
  }
  const things = (object: string) => {
    lapse()
    return [...all.values()].filter((one) => one.object === object)
  }

  const itemsOf = (invoice: Thing) => things('invoiceitem').filter((item) => item.invoice === invoice.id)
  const total = (invoice: Thing): number => itemsOf(invoice).reduce((sum, { amount }) => sum + amount, 0)

  function settle(invoice: Thing, intent: string | null): void {
    Object.assign(invoice, { status: 'paid', amount_paid: invoice.total, amount_remaining: 0 })
    if (intent !== null)
      invoice.paidBy = { status: 'paid', payment: { type: 'payment_intent', payment_intent: intent } }
    emit('invoice.paid', shown(invoice))
  }

  function charge(customer: string, amount: number, currency: string, method: Thing): Thing {
    const intent = made('pi', 'payment_intent', {
      amount,
      currency,
      customer,
      payment_method: method.id,
      status: 'succeeded',
    })
    made('ch', 'charge', {
      amount,
      currency,
      customer,
      payment_intent: intent.id,
      payment_method: method.id,
      amount_refunded: 0,
      refunded: false,
      disputed: false,
      paid: true,
      status: 'succeeded',
    })
    return intent
  }

  const newCard = (customer: string, { last4 = '4242', fails = null }: Card) =>
    made('pm', 'payment_method', { customer, type: 'card', card: { brand: 'visa', last4 }, fails })

  /** Tries to collect; throws what Stripe answers when the card does not pay. */
  function collect(invoice: Thing, method: Thing, retried: boolean): void {
    invoice.attempted = true
    invoice.attempt_count = retried ? invoice.attempt_count + 1 : Math.max(1, invoice.attempt_count)
    if (!method.fails)
      return settle(invoice, charge(invoice.customer, invoice.total, invoice.currency, method).id)
    emit('invoice.payment_failed', shown(invoice))
    const message = method.fails === 'expired_card' ? 'Your card has expired.' : 'Your card was declined.'
    const declined: ApiError = {
      status: 402,
      error: { type: 'card_error', code: method.fails, message, decline_code: method.fails },
    }
    throw declined
  }

  /** As it goes over the wire, without what only the fake knows. */
  function shown(one: Thing, expand: string[] = []): Thing {
    const { place: _, fails: __, paidBy, ...rest } = one
    const out = structuredClone(rest)
    if (one.object === 'invoice' && expand.includes('payments'))
      out.payments = { object: 'list', data: paidBy ? [paidBy] : [], has_more: false }
    for (const key of ['payment_intent', 'setup_intent'])
      if (expand.includes(key) && typeof one[key] === 'string') out[key] = shown(thing(one[key]))
    const method = one.invoice_settings?.default_payment_method
    if (expand.includes('invoice_settings.default_payment_method') && method)
      out.invoice_settings.default_payment_method = shown(thing(method))
    return out
  }

  function list(items: Thing[], params: Params): Thing {
    const limit = Number(params['limit'] ?? 10)
    const after = params['starting_after'] ? thing(params['starting_after'] as string).place : Infinity
    const created = (params['created'] ?? {}) as Params
    const from = Number(created['gte'] ?? 0)
    const expand = expansions(params).map((path) => path.replace(/^data\./, ''))
    const found = items
      .filter((one) => one.place < after && one.created >= from)
      .toSorted((a, b) => b.place - a.place)
    return {
      object: 'list',
      data: found.slice(0, limit).map((one) => shown(one, expand)),
      has_more: found.length > limit,
      url: '/',
    }
  }

  const expansions = (params: Params): string[] =>
    Object.values((params['expand'] ?? {}) as Params) as string[]
  const of = (object: string, params: Params, key = 'customer') =>
    things(object).filter((one) => params[key] === undefined || one[key] === params[key])
  const text = (params: Params, key: string): string | null => (params[key] as string | undefined) ?? null

  function withMetadata(one: Thing, given: Params | undefined): void {
    for (const [key, value] of Object.entries(given ?? {}))
      if (value === '') delete one.metadata[key]
      else one.metadata[key] = value
  }

  function need(invoice: Thing, ...states: string[]): void {
    if (!states.includes(invoice.status))
      throw invalid(
        `This invoice is ${invoice.status}; it must be ${states.join(' or ')}.`,
        undefined,
        'invoice_not_editable',
      )
  }

  const runs: Record<string, (params: Params, id: string) => Thing> = {
    'GET /v1/customers/search': ({ query }) => {
      const wanted = /^metadata\['organization'\]:'([^']+)'$/.exec(query as string)?.[1]
      if (!wanted) throw invalid('The search query is malformed.', 'query')
      const data = searchLags.now
        ? []
        : things('customer').filter((one) => !one.deleted && one.metadata.organization === wanted)
      return {
        object: 'search_result',
        data: data.map((one) => shown(one)),
        has_more: false,
        next_page: null,
      }
    },
    'POST /v1/customers': (params) => {
      const one = made('cus', 'customer', {
        name: text(params, 'name'),
        email: text(params, 'email'),
        balance: 0,
        invoice_settings: { default_payment_method: null },
      })
      withMetadata(one, params['metadata'] as Params)
      emit('customer.created', shown(one))
      return shown(one)
    },
    'GET /v1/customers/:id': (params, id) => {
      const one = thing(id, 'customer')
      return one.deleted ? { id, object: 'customer', deleted: true } : shown(one, expansions(params))
    },
    'POST /v1/customers/:id': (params, id) => {
      const one = thing(id, 'customer')
      if (one.deleted) throw invalid(`No such customer: '${id}'`, 'id', 'resource_missing')
      for (const key of ['name', 'email']) if (params[key] !== undefined) one[key] = params[key] || null
      const method = (params['invoice_settings'] as Params | undefined)?.['default_payment_method'] as string
      if (method) one.invoice_settings.default_payment_method = thing(method, 'payment_method').id
      withMetadata(one, params['metadata'] as Params)
      emit('customer.updated', shown(one))
      return shown(one, expansions(params))
    },
    'GET /v1/checkout/sessions': (params) => list(of('checkout.session', params), params),
    'POST /v1/checkout/sessions': (params) => {
      const customer = thing(params['customer'] as string, 'customer')
      if (customer.deleted) throw invalid('The customer was deleted.', 'customer')
      const end = Number(params['expires_at'])
      if (end < seconds() + 1800 || end > seconds() + 86_400)
        throw invalid(
          'The `expires_at` timestamp must be between 30 minutes and 24 hours from now.',
          'expires_at',
        )
      const items = Object.values((params['line_items'] ?? {}) as Params) as Thing[]
      if ((params['mode'] === 'payment') !== items.length > 0)
        throw invalid('line_items and mode do not fit.')
      const sum = items.reduce(
        (at, item) => at + Number(item.price_data.unit_amount) * Number(item.quantity),
        0,
      )
      if (items.length > 0 && sum < 50)
        throw invalid('Amount must be at least 50 cents.', 'line_items', 'amount_too_small')
      const one = made('cs', 'checkout.session', {
        mode: params['mode'],
        customer: customer.id,
        client_reference_id: text(params, 'client_reference_id'),
        status: 'open',
        payment_status: 'unpaid',
        amount_total: items.length > 0 ? sum : null,
        currency: items[0]?.price_data.currency ?? null,
        expires_at: end,
        payment_intent: null,
        setup_intent: null,
        success_url: params['success_url'],
        cancel_url: params['cancel_url'],
      })
      one.url = `https://checkout.stripe.test/${one.id}`
      withMetadata(one, params['metadata'] as Params)
      return shown(one)
    },
    'POST /v1/checkout/sessions/:id/expire': (_, id) => {
      const one = thing(id, 'checkout.session')
      if (one.status !== 'open') throw invalid('Only open checkout sessions can be expired.')
      Object.assign(one, { status: 'expired', url: null })
      emit('checkout.session.expired', shown(one))
      return shown(one)
    },
    'GET /v1/invoices': (params) => list(of('invoice', params), params),
    'POST /v1/invoices': (params) => {
      const one = made('in', 'invoice', {
        customer: thing(params['customer'] as string, 'customer').id,
        currency: params['currency'],
        description: text(params, 'description'),
        status: 'draft',
        number: null,
        total: 0,
        amount_paid: 0,
        attempt_count: 0,
        attempted: false,
        auto_advance: params['auto_advance'] === 'true',
        hosted_invoice_url: null,
      })
      withMetadata(one, params['metadata'] as Params)
      emit('invoice.created', shown(one))
      return shown(one)
    },
    'GET /v1/invoices/:id': (params, id) => shown(thing(id, 'invoice'), expansions(params)),
    'DELETE /v1/invoices/:id': (_, id) => {
      need(thing(id, 'invoice'), 'draft')
      all.get(id).object = 'deleted'
      return { id, object: 'invoice', deleted: true }
    },
    'POST /v1/invoices/:id/finalize': (params, id) => {
      const one = thing(id, 'invoice')
      need(one, 'draft')
      const number = `FAKE-${one.place}`
      const page = `https://invoice.stripe.test/${id}`
      const auto = params['auto_advance'] === 'true'
      Object.assign(one, { status: 'open', number, hosted_invoice_url: page, auto_advance: auto })
      emit('invoice.finalized', shown(one))
      if (one.total === 0) settle(one, null)
      return shown(one, expansions(params))
    },
    'POST /v1/invoices/:id/pay': (params, id) => {
      const one = thing(id, 'invoice')
      need(one, 'open', 'uncollectible')
      if (params['paid_out_of_band'] === 'true') settle(one, null)
      else {
        const kept = thing(one.customer).invoice_settings.default_payment_method
        const method = (params['payment_method'] as string) ?? kept
        if (!method) throw invalid('There is no default payment method.', 'payment_method')
        collect(one, thing(method, 'payment_method'), false)
      }
      return shown(one, expansions(params))
    },
    'POST /v1/invoices/:id/void': (_, id) => {
      const one = thing(id, 'invoice')
      need(one, 'open', 'uncollectible')
      one.status = 'void'
      emit('invoice.voided', shown(one))
      return shown(one)
    },
    'POST /v1/invoices/:id/mark_uncollectible': (_, id) => {
      const one = thing(id, 'invoice')
      need(one, 'open')
      one.status = 'uncollectible'
      emit('invoice.marked_uncollectible', shown(one))
      return shown(one)
    },
    'GET /v1/invoiceitems': (params) => list(of('invoiceitem', params, 'invoice'), params),
    'POST /v1/invoiceitems': (params) => {
      const invoice = thing(params['invoice'] as string, 'invoice')
      need(invoice, 'draft')
      const one = made('ii', 'invoiceitem', {
        customer: params['customer'],
        invoice: invoice.id,
        amount: Number(params['amount']),
        currency: params['currency'],
        description: text(params, 'description'),
      })
      withMetadata(one, params['metadata'] as Params)
      invoice.total = total(invoice)
      return shown(one)
    },
    'GET /v1/charges/:id': (_, id) => shown(thing(id, 'charge')),
    'GET /v1/charges': (params) => list(of('charge', params), params),
    'GET /v1/billing_portal/configurations': (params) => list(things('billing_portal.configuration'), params),
    'POST /v1/billing_portal/configurations': (params) => {
      const one = made('bpc', 'billing_portal.configuration', { active: true })
      withMetadata(one, params['metadata'] as Params)
      return shown(one)
    },
    'POST /v1/billing_portal/sessions': (params) => {
      const customer = thing(params['customer'] as string, 'customer').id
      const one = made('bps', 'billing_portal.session', { customer, configuration: params['configuration'] })
      return { ...shown(one), url: `https://billing.stripe.test/${one.id}`, return_url: params['return_url'] }
    },
  }

  return {
    seed,
    searchLags,
    things,
    thing: (id) => thing(id),
    run: (route, { path, params }) => runs[route]!(params, /\/([a-z]+_[^/]+)/.exec(path.slice(4))?.[1] ?? ''),
    payCheckout: (id, card = {}) => {
      const one = thing(id, 'checkout.session')
      if (one.status !== 'open' || one.expires_at <= seconds()) throw new Error(`${id} is ${one.status}`)
      const method = newCard(one.customer, card)
      if (one.mode === 'payment')
        Object.assign(one, {
          payment_intent: charge(one.customer, one.amount_total, one.currency, method).id,
          payment_status: 'paid',
        })
      else
        Object.assign(one, {
          setup_intent: made('seti', 'setup_intent', { customer: one.customer, payment_method: method.id })
            .id,
          payment_status: 'no_payment_required',
        })
      Object.assign(one, { status: 'complete', url: null })
      emit('checkout.session.completed', shown(one))
    },
    expireCheckout: (id) => void runs['POST /v1/checkout/sessions/:id/expire']!({}, id),
    payOnPage: (id) => {
      const one = thing(id, 'invoice')
      need(one, 'open', 'uncollectible')
      collect(one, newCard(one.customer, {}), false)
    },
    changeCard: (id, card = {}) => {
      const one = thing(id, 'customer')
      one.invoice_settings.default_payment_method = newCard(id, card).id
      emit('customer.updated', shown(one))
    },
    cardAnswers: (id, fails) => {
      thing(thing(id, 'customer').invoice_settings.default_payment_method).fails = fails
    },
    retry: (id) => {
      const one = thing(id, 'invoice')
      try {
        collect(one, thing(thing(one.customer).invoice_settings.default_payment_method), true)
      } catch (declined) {
        if (!(declined as ApiError).status) throw declined
      }
    },
    refund: (intent, amount) => {
      const one = things('charge').find((found) => found.payment_intent === intent)
      one.amount_refunded += amount
      one.refunded = one.amount_refunded === one.amount
      emit('charge.refunded', shown(one))
    },
    dispute: (intent) => {
      const one = things('charge').find((found) => found.payment_intent === intent)
      one.disputed = true
      const { id, payment_intent, amount, currency } = one
      const told = { charge: id, payment_intent, amount, currency, status: 'needs_response' }
      emit('charge.dispute.created', shown(made('dp', 'dispute', told)))
    },
    deleteCustomer: (id) => {
      thing(id, 'customer').deleted = true
      emit('customer.deleted', shown(thing(id)))
    },
    change: (id, values) => void Object.assign(thing(id), values),
  }
}
