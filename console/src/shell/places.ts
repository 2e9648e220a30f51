import {
  Activity,
  FileDown,
  KeyRound,
  Library,
  ScrollText,
  type LucideIcon,
  Settings2,
  Users,
} from 'lucide-react'

/** The pages of the console, as the navigation and the palette show them. */
export const places: {
  to:
    | '/console/lifecycle'
    | '/console/catalog'
    | '/console/import'
    | '/console/audit'
    | '/console/members'
    | '/console/tokens'
    | '/console/settings'
  label: string
  icon: LucideIcon
}[] = [
  { to: '/console/lifecycle', label: 'Lifecycle', icon: Activity },
  { to: '/console/catalog', label: 'Catalog', icon: Library },
  { to: '/console/import', label: 'Import', icon: FileDown },
  { to: '/console/audit', label: 'Audit', icon: ScrollText },
  { to: '/console/members', label: 'Members', icon: Users },
  { to: '/console/tokens', label: 'Tokens', icon: KeyRound },
  { to: '/console/settings', label: 'Settings', icon: Settings2 },
]
