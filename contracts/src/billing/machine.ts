import { machine } from '../machine.ts'

const overdue = 'Only a subscription that is in use can be overdue.'

export const subscriptionMachine = machine({
  name: 'subscription',
  states: ['incomplete', 'trialing', 'active', 'past_due', 'suspended', 'canceled'],
  initial: 'active',
  terminal: ['canceled'],
  edges: [
    {
      action: 'begin-trial',
      from: ['incomplete'],
      to: 'trialing',
      by: 'the checkout',
      refusal: 'Only a subscription that waits for its checkout begins its trial.',
    },
    {
      action: 'activate',
      from: ['incomplete', 'trialing'],
      to: 'active',
      by: 'payment or the end of the trial',
      refusal: 'Only a subscription that waits for its first payment or is on trial becomes active.',
    },
    { action: 'fall-due', from: ['active', 'trialing'], to: 'past_due', by: 'the clock', refusal: overdue },
    {
      action: 'pay',
      from: ['past_due', 'suspended'],
      to: 'active',
      by: 'payment',
      refusal: 'Only a subscription that is overdue or suspended is healed by a payment.',
    },
    {
      action: 'suspend',
      from: ['past_due'],
      to: 'suspended',
      by: 'the clock',
      refusal: 'Only a subscription that is overdue is suspended.',
    },
    {
      action: 'cancel',
      from: ['incomplete', 'trialing', 'active', 'past_due', 'suspended'],
      to: 'canceled',
      by: 'the organization, the clock, or a change of plan',
      refusal: 'It has ended already.',
    },
  ],
})

export const invoiceMachine = machine({
  name: 'invoice',
  states: ['draft', 'open', 'paid', 'void', 'uncollectible'],
  initial: 'draft',
  terminal: ['paid', 'void'],
  edges: [
    {
      action: 'finalize',
      from: ['draft'],
      to: 'open',
      by: 'the clock',
      refusal: 'Only a draft is finalized.',
    },
    {
      action: 'pay',
      from: ['open', 'uncollectible'],
      to: 'paid',
      by: 'an operator or the payment provider',
      refusal: 'Only an invoice that is open or was written off can be paid.',
    },
    {
      action: 'void',
      from: ['draft', 'open'],
      to: 'void',
      by: 'an operator',
      refusal: 'Only an unpaid invoice can be voided.',
    },
    {
      action: 'write-off',
      from: ['open'],
      to: 'uncollectible',
      by: 'an operator',
      refusal: 'Only an open invoice can be written off.',
    },
  ],
})

export const webhookMachine = machine({
  name: 'webhook',
  states: ['received', 'processed', 'ignored', 'dead'],
  initial: 'received',
  terminal: ['processed', 'ignored'],
  edges: [
    {
      action: 'process',
      from: ['received'],
      to: 'processed',
      by: 'worker',
      refusal: 'Only a received webhook is processed.',
    },
    {
      action: 'ignore',
      from: ['received'],
      to: 'ignored',
      by: 'worker',
      refusal: 'Only a received webhook is ignored.',
    },
    {
      action: 'give-up',
      from: ['received'],
      to: 'dead',
      by: 'worker',
      refusal: 'Only a received webhook is given up.',
    },
    {
      action: 'retry',
      from: ['dead'],
      to: 'received',
      by: 'operator',
      refusal: 'Only a dead webhook can be tried again.',
    },
  ],
})

export const invitationMachine = machine({
  name: 'invitation',
  states: ['pending', 'accepted', 'declined', 'revoked', 'expired'],
  initial: 'pending',
  terminal: ['accepted', 'declined', 'revoked', 'expired'],
  edges: [
    {
      action: 'accept',
      from: ['pending'],
      to: 'accepted',
      by: 'the invited person',
      refusal: 'Only a pending invitation can be accepted.',
    },
    {
      action: 'decline',
      from: ['pending'],
      to: 'declined',
      by: 'the invited person',
      refusal: 'Only a pending invitation can be declined.',
    },
    {
      action: 'revoke',
      from: ['pending'],
      to: 'revoked',
      by: 'owner or admin',
      refusal: 'Only a pending invitation can be revoked.',
    },
    {
      action: 'expire',
      from: ['pending'],
      to: 'expired',
      by: 'the clock',
      refusal: 'Only a pending invitation expires.',
    },
  ],
})

export const holdMachine = machine({
  name: 'hold',
  states: ['held', 'confirmed', 'released', 'expired'],
  initial: 'held',
  terminal: ['confirmed', 'released', 'expired'],
  edges: [
    {
      action: 'confirm',
      from: ['held'],
      to: 'confirmed',
      by: 'who used it',
      refusal: 'Only quota that is still held can be confirmed.',
    },
    {
      action: 'release',
      from: ['held'],
      to: 'released',
      by: 'who did not use it',
      refusal: 'Only quota that is still held can be released.',
    },
    {
      action: 'expire',
      from: ['held'],
      to: 'expired',
      by: 'the clock',
      refusal: 'Only quota that is still held expires.',
    },
  ],
})
