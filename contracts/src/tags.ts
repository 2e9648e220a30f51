/** What the endpoints are grouped by in the API's reference, in the order that somebody meets them. */
export const tags = {
  identity:
    'Who the caller is, where they are signed in, and whether the installation has its first account.',
  account: "The caller's own account: name, address, password, second factor.",
  onboarding: 'The first steps, from an account to a server that answers.',
  organizations: 'Organizations and their members.',
  invitations: 'Inviting people into an organization, and what an invitation link offers.',
  catalog: 'Servers that can be launched, their releases, and the surface that was admitted.',
  tiers: 'What the places demand that servers run in.',
  workspaces: 'Where an organization runs servers: a tier and a region.',
  secrets: 'Values that are handed to servers at launch and never read back.',
  deployments: 'Servers in workspaces: launch, change, watch, call.',
  tokens: 'API tokens of people and service tokens of agents.',
  lifecycle: 'Workspaces with all that runs in them, and what changes there as it happens.',
  calls: 'What was called, by whom, and how it ended.',
  policy: 'Decisions on what may run and be called, explained and replayed.',
  runs: 'Work in steps, with every attempt and why it ended.',
  billing: 'Plans, the subscription, usage and quotas, invoices and payments.',
  audit: 'The log of everything that changed: listed, streamed, and proven.',
  limits: 'Every limit that holds for the caller, and what is left of it.',
  operator: 'For operators: all organizations, their billing, runners, and the health of the installation.',
  users: 'For operators: the people of the installation.',
  notifications: 'For operators: the e-mail that was sent or waits.',
} as const

export type Tag = keyof typeof tags
