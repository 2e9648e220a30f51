/** Why a deployment stops serving, as its callers are told. */
export interface StopReason {
  sentence: string
  decisionId: string | null
  notes: string[]
}

/** A decision against it. */
export interface HeldBy extends StopReason {
  pendingStatus: string | null
}
