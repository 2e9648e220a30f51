import { newId } from '../../platform/ids.ts'
import type { JournalRecord } from '../journal.ts'

const workspaceId = newId('workspace')
const deploymentId = newId('deployment')
const principalId = newId('user')

/** A call as the gateway notes it. */
export function callBy(organizationId: string, given: Partial<JournalRecord> = {}): JournalRecord {
  return {
    id: newId('call'),
    organizationId,
    workspaceId,
    deploymentId,
    principalKind: 'user',
    principalId,
    tokenId: null,
    sessionId: null,
    method: 'tools/call',
    tool: 'echo',
    decisionId: null,
    outcome: 'ok',
    errorCode: null,
    requestBytes: 100,
    responseBytes: 200,
    latencyUs: 1500,
    at: Date.now(),
    ...given,
  }
}
