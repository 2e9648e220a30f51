import { Activity, KeyRound, ScrollText, type LucideIcon, Settings2 } from 'lucide-react'

/** The pages of the console, as the navigation and the palette show them. */
export const places: {
  to: '/console/lifecycle' | '/console/audit' | '/console/tokens' | '/console/settings'
  label: string
  icon: LucideIcon
}[] = [
  { to: '/console/lifecycle', label: 'Lifecycle', icon: Activity },
  { to: '/console/audit', label: 'Audit', icon: ScrollText },
  { to: '/console/tokens', label: 'Tokens', icon: KeyRound },
  { to: '/console/settings', label: 'Settings', icon: Settings2 },
]
