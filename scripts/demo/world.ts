/** The world of the demo: two organizations, their people, their workspaces and what runs in them. */
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { api, deploymentWord, type Deployment, type MemberRole, type Workspace } from '@berth/contracts'
import type { DemoBerth } from './berth.ts'
import { eventually } from './eventually.ts'
import { signUp, type Person } from './people.ts'
import { addServers } from './servers.ts'

export interface Place {
  organizationId: string
  /** Who changes things there. */
  owner: Person
  workspace: Workspace
}

interface People {
  operator: Person
  owner: Person
  admin: Person
  developer: Person
  auditor: Person
  shipper: Person
}

interface Places {
  payments: Place
  reporting: Place
  service: Place
  research: Place
  dispatch: Place
}

export interface World extends Places {
  people: People
  deployments: Awaited<ReturnType<typeof launchAll>>
}

/** Makes everything but what comes from npm. Launches are under way when it resolves, not done. */
export async function makeWorld({ url, folder }: DemoBerth, signal: AbortSignal): Promise<World> {
  const people: People = {
    // The first account is the operator's.
    operator: await signUp(
      url,
      'Ines Okafor',
      'operator; auditor of Meridian Bank, admin of Fjord Logistics',
    ),
    owner: await signUp(url, 'Amara Lindqvist', 'owner of Meridian Bank'),
    admin: await signUp(url, 'Jonas Weber', 'admin of Meridian Bank'),
    developer: await signUp(url, 'Priya Raman', 'developer in both organizations'),
    auditor: await signUp(url, 'Luc Moreau', 'auditor of Meridian Bank'),
    shipper: await signUp(url, 'Sofie Dahl', 'owner of Fjord Logistics'),
  }
  const [places] = await Promise.all([
    makePlaces(people),
    addServers(people.operator.client, path.join(folder, 'servers'), signal),
  ])
  return { ...places, people, deployments: await launchAll(places) }
}

/** What is shown is more than the free plan that Berth comes with has room for. */
const roomyPlan = `
plans:
  free:
    name: Free
    description: With room for all that the demo shows.
    price: 0
    currency: EUR
    grants:
      runtime.concurrent_servers: 25
      gateway.tool_calls: { limit: 250000, reset: month }
      seats: 10
      workspaces: 20
      byok: false
      sso: false
`

async function makePlaces({ operator, owner, admin, developer, auditor, shipper }: People): Promise<Places> {
  await operator.client.call(api.tiers.create, {
    body: { code: 'internal', name: 'Internal tools', sandbox: 'required', allowLocal: true },
  })
  await operator.client.call(api.plans.apply, { body: { file: roomyPlan } })
  const bank = await organization(owner, 'Meridian Bank', 'Europe/Berlin', [
    [admin, 'admin'],
    [developer, 'developer'],
    [auditor, 'auditor'],
    [operator, 'auditor'],
  ])
  const fleet = await organization(shipper, 'Fjord Logistics', 'Europe/Oslo', [
    [developer, 'developer'],
    [operator, 'admin'],
  ])
  await archive(await place(bank, { name: 'Migration 2025', tier: 'standard', region: 'eu-west-1' }))
  // The page shows the newest one first.
  const research = await place(bank, { name: 'Research', tier: 'community', region: 'local' })
  const service = await place(bank, { name: 'Customer Service', tier: 'standard', region: 'eu-west-1' })
  const reporting = await place(bank, {
    name: 'Regulatory Reporting',
    key: 'reporting',
    tier: 'regulated',
    region: 'eu-central-1',
  })
  const payments = await place(bank, { name: 'Payments', tier: 'internal', region: 'eu-central-1' })
  const dispatch = await place(fleet, { name: 'Dispatch', tier: 'internal', region: 'eu-north-1' })
  return { payments, reporting, service, research, dispatch }
}

async function launchAll({ payments, service, research, dispatch }: Places) {
  const LEDGER_SIGNING_KEY = await newSecret(payments, 'LEDGER_SIGNING_KEY')
  return {
    cards: await launch(payments, 'local/card-network', { config: { environment: 'live' } }),
    digest: await launch(research, 'local/digest'),
    rates: await launch(payments, 'local/fx-rates'),
    statements: await launch(payments, 'local/statements', { secrets: { LEDGER_SIGNING_KEY } }),
    tickets: await launch(research, 'local/ticket-desk', { name: 'ticket-desk-trial' }),
    refused: await launch(service, 'local/ticket-desk'),
    retired: await launch(research, 'local/card-network', { name: 'card-simulator' }),
    routes: await launch(dispatch, 'local/sea-routes'),
  }
}

/** Sets a secret of the workspace to something random; its name. */
async function newSecret({ organizationId, owner, workspace }: Place, name: string): Promise<string> {
  await owner.client.call(api.secrets.set, {
    params: { organizationId, workspaceId: workspace.id, name },
    body: { value: randomBytes(32).toString('hex') },
  })
  return name
}

type Organization = Omit<Place, 'workspace'>

async function organization(
  owner: Person,
  name: string,
  timeZone: string,
  others: [Person, MemberRole][],
): Promise<Organization> {
  const { id: organizationId } = await owner.client.call(api.organizations.create, {
    body: { name, timeZone },
  })
  for (const [{ email }, role] of others) {
    await owner.client.call(api.organizations.addMember, {
      params: { organizationId },
      body: { email, role },
    })
  }
  return { organizationId, owner }
}

async function place(
  { organizationId, owner }: Organization,
  body: { name: string; key?: string; tier: string; region: string },
): Promise<Place> {
  const workspace = await owner.client.call(api.workspaces.create, { params: { organizationId }, body })
  return { organizationId, owner, workspace }
}

async function archive({ organizationId, owner, workspace }: Place): Promise<void> {
  await owner.client.call(api.workspaces.archive, { params: { organizationId, workspaceId: workspace.id } })
}

interface Launch {
  name?: string
  config?: Record<string, unknown>
  secrets?: Record<string, string>
}

export async function launch(
  { organizationId, owner, workspace }: Place,
  server: string,
  more: Launch = {},
): Promise<Deployment> {
  return await owner.client.call(api.deployments.launch, {
    params: { organizationId },
    body: { workspaceId: workspace.id, server, ...more },
  })
}

/** The deployment as it is now. */
export async function look({ owner }: Organization, { organizationId, id }: Deployment): Promise<Deployment> {
  return await owner.client.call(api.deployments.get, { params: { organizationId, deploymentId: id } })
}

/** Waits until the word for a deployment is one of these. */
export async function until(
  at: Organization,
  deployment: Deployment,
  words: string[],
  signal: AbortSignal,
): Promise<Deployment> {
  let now = deployment
  await eventually(`${deployment.name} is ${words.join(' or ')}`, signal, async () => {
    now = await look(at, deployment)
    return words.includes(deploymentWord(now))
  })
  return now
}
