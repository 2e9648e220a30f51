import {
  Activity,
  Building2,
  ContactRound,
  CreditCard,
  FileDown,
  HeartPulse,
  KeyRound,
  Layers,
  Library,
  Mail,
  ReceiptText,
  ScrollText,
  Server,
  type LucideIcon,
  Settings2,
  Users,
} from 'lucide-react'

export interface Place {
  to:
    | '/console/lifecycle'
    | '/console/catalog'
    | '/console/import'
    | '/console/audit'
    | '/console/members'
    | '/console/tokens'
    | '/console/billing/$organizationId'
    | '/console/settings'
    | '/console/operator/health'
    | '/console/operator/users'
    | '/console/operator/organizations'
    | '/console/operator/billing'
    | '/console/operator/tiers'
    | '/console/operator/runners'
    | '/console/operator/outbox'
  label: string
  icon: LucideIcon
  /** Where the pages begin that stand below it, if that is not its own address. */
  within?: readonly string[]
}

/** The pages of the console, as the navigation and the palette show them. */
export const places: readonly Place[] = [
  {
    to: '/console/lifecycle',
    label: 'Lifecycle',
    icon: Activity,
    within: ['/console/workspaces/', '/console/deployments/'],
  },
  { to: '/console/catalog', label: 'Catalog', icon: Library },
  { to: '/console/import', label: 'Import', icon: FileDown },
  { to: '/console/audit', label: 'Audit', icon: ScrollText },
  { to: '/console/members', label: 'Members', icon: Users },
  { to: '/console/tokens', label: 'Tokens', icon: KeyRound },
  {
    to: '/console/billing/$organizationId',
    label: 'Billing',
    icon: CreditCard,
    // By slug or by id.
    within: ['/console/billing/'],
  },
  { to: '/console/settings', label: 'Settings', icon: Settings2 },
]

/** Those for the whole installation, which operators are shown. */
export const operatorPlaces: readonly Place[] = [
  { to: '/console/operator/health', label: 'Health', icon: HeartPulse },
  { to: '/console/operator/users', label: 'Users', icon: ContactRound },
  { to: '/console/operator/organizations', label: 'Organizations', icon: Building2 },
  { to: '/console/operator/billing', label: 'Billing', icon: ReceiptText },
  { to: '/console/operator/tiers', label: 'Tiers', icon: Layers },
  { to: '/console/operator/runners', label: 'Runners', icon: Server },
  { to: '/console/operator/outbox', label: 'Outbox', icon: Mail },
]
