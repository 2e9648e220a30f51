import {
  holdMachine,
  invitationMachine,
  invoiceMachine,
  subscriptionMachine,
  webhookMachine,
} from './billing/machine.ts'
import { machine } from './machine.ts'

export const userMachine = machine({
  name: 'user',
  states: ['active', 'disabled', 'deleted'],
  initial: 'active',
  terminal: ['deleted'],
  edges: [
    {
      action: 'disable',
      from: ['active'],
      to: 'disabled',
      by: 'operator',
      refusal: 'Only an active account can be disabled.',
    },
    {
      action: 'enable',
      from: ['disabled'],
      to: 'active',
      by: 'operator',
      refusal: 'Only a disabled account can be enabled.',
    },
    {
      action: 'delete',
      from: ['active'],
      to: 'deleted',
      by: 'the person',
      refusal: 'Only an active account can be deleted.',
    },
  ],
})

export const mailMachine = machine({
  name: 'message',
  states: ['queued', 'sent', 'failed', 'unsent'],
  initial: 'queued',
  terminal: ['sent'],
  edges: [
    {
      action: 'deliver',
      from: ['queued'],
      to: 'sent',
      by: 'worker',
      refusal: 'Only a queued message can be sent.',
    },
    {
      action: 'fail',
      from: ['queued'],
      to: 'failed',
      by: 'worker',
      refusal: 'Only a queued message can fail.',
    },
    {
      action: 'shelve',
      from: ['queued'],
      to: 'unsent',
      by: 'worker',
      refusal: 'Only a queued message can wait for a mail server.',
    },
    {
      action: 'resend',
      from: ['failed', 'unsent'],
      to: 'queued',
      by: 'operator',
      refusal: 'Only a message that failed, or was never sent, can be sent again.',
    },
  ],
})

export const organizationMachine = machine({
  name: 'organization',
  states: ['active', 'suspended', 'closed'],
  initial: 'active',
  terminal: ['closed'],
  edges: [
    {
      action: 'suspend',
      from: ['active'],
      to: 'suspended',
      by: 'operator',
      refusal: 'Only an active organization can be suspended.',
    },
    {
      action: 'resume',
      from: ['suspended'],
      to: 'active',
      by: 'operator',
      refusal: 'Only a suspended organization can be resumed.',
    },
    {
      action: 'close',
      from: ['active', 'suspended'],
      to: 'closed',
      by: 'owner',
      refusal: 'A closed organization stays closed.',
    },
  ],
})

export const tokenMachine = machine({
  name: 'token',
  states: ['active', 'revoked', 'expired'],
  initial: 'active',
  terminal: ['revoked', 'expired'],
  edges: [
    {
      action: 'revoke',
      from: ['active'],
      to: 'revoked',
      by: 'its owner',
      refusal: 'Only an active token can be revoked.',
    },
    {
      action: 'expire',
      from: ['active'],
      to: 'expired',
      by: 'time',
      refusal: 'Only an active token can expire.',
    },
  ],
})

export const releaseMachine = machine({
  name: 'release',
  states: ['admitted', 'yanked', 'blocked'],
  initial: 'admitted',
  terminal: ['blocked'],
  edges: [
    {
      action: 'yank',
      from: ['admitted'],
      to: 'yanked',
      by: 'operator',
      refusal: 'Only an admitted release can be yanked.',
    },
    {
      action: 'readmit',
      from: ['yanked'],
      to: 'admitted',
      by: 'operator',
      refusal: 'Only a yanked release can be admitted again.',
    },
    {
      action: 'block',
      from: ['admitted', 'yanked'],
      to: 'blocked',
      by: 'operator',
      refusal: 'A blocked release stays blocked.',
    },
  ],
})

export const workspaceMachine = machine({
  name: 'workspace',
  states: ['draft', 'active', 'archived'],
  initial: 'draft',
  terminal: [],
  edges: [
    {
      action: 'activate',
      from: ['draft'],
      to: 'active',
      by: 'admin',
      refusal: 'Only a draft workspace can be activated.',
    },
    {
      action: 'archive',
      from: ['draft', 'active'],
      to: 'archived',
      by: 'admin',
      refusal: 'Only a draft or active workspace can be archived.',
    },
    {
      action: 'restore',
      from: ['archived'],
      to: 'active',
      by: 'admin',
      refusal: 'Only an archived workspace can be restored.',
    },
  ],
})

export const phaseMachine = machine({
  name: 'deployment',
  states: ['absent', 'launching', 'running', 'stopping', 'stopped', 'failed'],
  initial: 'absent',
  terminal: [],
  edges: [
    {
      action: 'launch',
      from: ['absent', 'stopped', 'failed'],
      to: 'launching',
      by: 'reconciler',
      refusal: 'Only what is not running can be launched.',
    },
    {
      action: 'ready',
      from: ['launching'],
      to: 'running',
      by: 'reconciler',
      refusal: 'Only a launching deployment becomes ready.',
    },
    {
      action: 'stop',
      from: ['launching', 'running'],
      to: 'stopping',
      by: 'reconciler',
      refusal: 'Only what runs can be stopped.',
    },
    {
      action: 'stopped',
      from: ['absent', 'launching', 'running', 'stopping', 'failed'],
      to: 'stopped',
      by: 'reconciler',
      refusal: 'It is stopped already.',
    },
    {
      action: 'exit',
      from: ['running'],
      to: 'launching',
      by: 'its process',
      refusal: 'Only a running deployment can lose its process.',
    },
    {
      action: 'remove',
      from: ['absent', 'stopped', 'failed'],
      to: 'absent',
      by: 'reconciler',
      refusal: 'What still runs is stopped before it is removed.',
    },
    {
      action: 'fail',
      from: ['launching', 'running'],
      to: 'failed',
      by: 'reconciler',
      refusal: 'Only what launches or runs can fail.',
    },
  ],
})

export const instanceMachine = machine({
  name: 'instance',
  states: ['starting', 'ready', 'draining', 'gone'],
  initial: 'starting',
  terminal: ['gone'],
  edges: [
    {
      action: 'ready',
      from: ['starting'],
      to: 'ready',
      by: 'runner',
      refusal: 'Only a starting instance becomes ready.',
    },
    {
      action: 'drain',
      from: ['starting', 'ready'],
      to: 'draining',
      by: 'runner',
      refusal: 'Only a live instance can drain.',
    },
    {
      action: 'exit',
      from: ['starting', 'ready', 'draining'],
      to: 'gone',
      by: 'its process',
      refusal: 'It is gone already.',
    },
  ],
})

export const runMachine = machine({
  name: 'run',
  states: [
    'pending',
    'awaiting_approval',
    'running',
    'succeeded',
    'failed',
    'errored',
    'cancelled',
    'rejected',
  ],
  initial: 'pending',
  terminal: ['succeeded', 'cancelled', 'rejected'],
  edges: [
    {
      action: 'ask',
      from: ['pending'],
      to: 'awaiting_approval',
      by: 'policy',
      refusal: 'Only a pending run can ask for approval.',
    },
    {
      action: 'approve',
      from: ['awaiting_approval'],
      to: 'pending',
      by: 'approver',
      refusal: 'Only a run that awaits approval can be approved.',
    },
    {
      action: 'reject',
      from: ['awaiting_approval'],
      to: 'rejected',
      by: 'approver',
      refusal: 'Only a run that awaits approval can be rejected.',
    },
    {
      action: 'start',
      from: ['pending'],
      to: 'running',
      by: 'worker',
      refusal: 'Only a pending run can start.',
    },
    {
      action: 'succeed',
      from: ['running'],
      to: 'succeeded',
      by: 'worker',
      refusal: 'Only a running run can succeed.',
    },
    {
      action: 'fail',
      from: ['running'],
      to: 'failed',
      by: 'worker',
      refusal: 'Only a running run can fail.',
    },
    {
      action: 'error',
      from: ['running'],
      to: 'errored',
      by: 'worker',
      refusal: 'Only a running run can err.',
    },
    {
      action: 'retry',
      from: ['failed', 'errored'],
      to: 'pending',
      by: 'worker or person',
      refusal: 'Only a failed or errored run can be tried again.',
    },
    {
      action: 'cancel',
      from: ['pending', 'awaiting_approval', 'running', 'failed', 'errored'],
      to: 'cancelled',
      by: 'person or reconciler',
      refusal: 'An ended run cannot be cancelled.',
    },
  ],
})

export const machines = [
  userMachine,
  mailMachine,
  organizationMachine,
  tokenMachine,
  releaseMachine,
  workspaceMachine,
  phaseMachine,
  instanceMachine,
  runMachine,
  subscriptionMachine,
  invoiceMachine,
  holdMachine,
  webhookMachine,
  invitationMachine,
]
