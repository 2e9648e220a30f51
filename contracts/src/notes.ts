import type { PendingStatus } from './deployments.ts'

interface NoteMeaning {
  /** What was found, as a sentence. */
  meaning: string
  /** What follows by itself, and what a person can do. */
  remedy: string
  /** What a deployment waits for that is held by it; null: it holds nothing. */
  pending: PendingStatus | null
}

/** The closed list of notes that gates leave on decisions. What stands in <angle brackets> varies. */
export const notes = {
  'organization:suspended': {
    meaning: 'An operator suspended the organization.',
    remedy: 'It launches by itself once an operator resumes the organization.',
    pending: 'pending-governance',
  },
  'organization:closed': {
    meaning: 'The organization is closed.',
    remedy: 'Nothing of it runs again.',
    pending: 'pending-governance',
  },
  'trust:release:blocked': {
    meaning: 'An operator blocked the release.',
    remedy: 'It does not run again anywhere. Change the deployment to another version.',
    pending: 'pending-remediation',
  },
  'trust:release:yanked': {
    meaning: 'An operator yanked the release: what runs of it goes on, and nothing is launched of it anew.',
    remedy: 'Change to another version. It launches by itself if the release is admitted again.',
    pending: 'pending-remediation',
  },
  'trust:lifecycle:quarantined': {
    meaning: 'The deployment is in quarantine.',
    remedy: 'It resumes by itself once it is taken out of quarantine.',
    pending: 'pending-remediation',
  },
  'trust:artifact:intact': {
    meaning: "The release's files are, byte by byte, those that were admitted.",
    remedy: 'Nothing to do.',
    pending: null,
  },
  'trust:artifact:mismatch': {
    meaning: "The release's files are not those that were admitted.",
    remedy: 'Nothing of it runs. Find out who changed them, and restart: a restart checks them again.',
    pending: 'pending-remediation',
  },
  'trust:surface:admitted': {
    meaning: 'The server shows the tools, prompts and resources that were admitted.',
    remedy: 'Nothing to do.',
    pending: null,
  },
  'trust:surface:unadmitted': {
    meaning: 'No surface was admitted for this release with this configuration.',
    remedy: 'Look at the one that was seen live and accept it; the deployment resumes then.',
    pending: 'pending-attestation',
  },
  'trust:drift:<count>': {
    meaning: 'That many tools, prompts or resources differ from those that were admitted.',
    remedy:
      'Look at the differences. Accept the new surface and it resumes, change to another version, or restart it to look again.',
    pending: 'pending-remediation',
  },
  'billing:subscription-missing': {
    meaning: 'The organization has no subscription that has begun.',
    remedy: 'Choose a plan, or complete the first payment.',
    pending: 'pending-billing',
  },
  'billing:suspended': {
    meaning: 'The subscription is suspended: an invoice was not paid in time.',
    remedy: 'Everything goes on by itself once the invoice is paid.',
    pending: 'pending-billing',
  },
  'billing:past-due-grace': {
    meaning: 'An invoice is overdue; everything goes on until the time of grace ends.',
    remedy: 'Pay the invoice.',
    pending: null,
  },
  'billing:entitlement-missing:<key>': {
    meaning: 'The plan does not grant it.',
    remedy: 'Change the plan.',
    pending: 'pending-billing',
  },
  'billing:quota:<key>:<used>/<limit>': {
    meaning: 'As many are up at once as the plan allows, or more: then the newest stop first.',
    remedy: 'It launches by itself once there is room. Stop another one, or change the plan.',
    pending: 'pending-billing',
  },
  'billing:quota-exceeded:<key>': {
    meaning: 'One more was asked for than the plan allows; it was refused.',
    remedy: 'Make room, wait for the next window where it is counted by time, add seats, or change the plan.',
    pending: null,
  },
  'capability:executor:<kind>': {
    meaning: 'No runner can run an artifact of that kind.',
    remedy: 'Change the deployment to a release of another kind.',
    pending: 'pending-capacity',
  },
  'capability:local:tier': {
    meaning: "The workspace's tier does not run servers from folders.",
    remedy:
      'Launch it in a workspace of a tier that does, such as `community`, or publish it to npm and add it from there.',
    pending: 'pending-capacity',
  },
  'capability:sandbox:present': {
    meaning: 'Its runner has a sandbox.',
    remedy: 'Nothing to do.',
    pending: null,
  },
  'capability:sandbox:missing': {
    meaning:
      'Its runner has no sandbox. A tier that requires one holds it; a tier that prefers one accepts that.',
    remedy:
      "Install bubblewrap on the runner's machine: it launches by itself then. Or use a workspace of a tier that only prefers a sandbox.",
    pending: 'pending-capacity',
  },
  'capability:sandbox:remote': {
    meaning: 'It runs elsewhere: Berth connects to it and enforces nothing on its machine.',
    remedy: 'Nothing to do.',
    pending: null,
  },
  '<gate>:<fact>:not-yet': {
    meaning: 'What the gate asks has not come to be: nobody has looked yet, or there is nothing to look at.',
    remedy:
      'At a launch it mostly comes to be during the launch. Otherwise it is decided again by itself once it is known.',
    pending: null,
  },
  '<gate>:<fact>:unavailable': {
    meaning:
      'What the gate asks cannot be told right now. Launches and calls wait at once; what runs goes on for as long as the gate allows.',
    remedy:
      'It is decided again by itself once it can be told. The decision names since when and why it cannot.',
    pending: null,
  },
} as const satisfies Record<string, NoteMeaning>

export type NotePattern = keyof typeof notes

type Filled<P extends string> = P extends `${infer Start}<${string}>${infer Rest}`
  ? `${Start}${string}${Filled<Rest>}`
  : P

/** A note as a decision carries it, `area:fact[:detail]`; stable. */
export type Note = Filled<NotePattern>

/** What each pending status waits for, as the end of "Held: …". */
export const pendingMeanings: Record<PendingStatus, string> = {
  'pending-attestation': 'its trust must be shown',
  'pending-remediation': 'it must be remedied',
  'pending-key-registration': "the provider's key is not registered",
  'pending-key-activation': "the provider's key is not active",
  'pending-key-rotation': "the provider's key must be rotated",
  'pending-key-revoked': "the provider's key was revoked",
  'pending-certification': 'its release is not certified for this tier',
  'pending-promotion': 'its release is not promoted',
  'pending-governance': 'a person has to approve it',
  'pending-billing': 'the plan does not allow it',
  'pending-residency': 'its data may not be here',
  'pending-capacity': 'no machine can run it as this tier demands',
  'pending-rule': 'a rule of the operators forbids it',
}
