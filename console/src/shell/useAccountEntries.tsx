import { useRouter } from '@tanstack/react-router'
import { BookOpen, Keyboard, LogOut, Monitor, Moon, Sun, UserRoundCog } from 'lucide-react'
import { chooseTheme, themeChoice, useTheme } from '../app/theme.ts'
import type { MenuEntry } from '../ui/Menu.tsx'
import { openDocumentation } from './documentation.ts'
import { useSignOut } from './useSignOut.ts'

/** What somebody can do about themselves from every page: how it looks, their account, the keys, signing out. */
export function useAccountEntries(onKeys: () => void): MenuEntry[][] {
  const router = useRouter()
  const signOut = useSignOut()
  useTheme()
  const choice = themeChoice()
  const theme = (value: typeof choice, label: string, Icon: typeof Sun): MenuEntry => ({
    label,
    icon: <Icon aria-hidden className="size-3.5" />,
    checked: choice === value,
    run: () => chooseTheme(value),
  })
  return [
    [
      theme('system', 'Theme of this machine', Monitor),
      theme('light', 'Light theme', Sun),
      theme('dark', 'Dark theme', Moon),
    ],
    [
      {
        label: 'Account',
        icon: <UserRoundCog aria-hidden className="size-3.5" />,
        run: () => void router.navigate({ to: '/console/account' }),
      },
      {
        label: 'Documentation',
        icon: <BookOpen aria-hidden className="size-3.5" />,
        run: openDocumentation,
      },
      {
        label: 'Keyboard shortcuts',
        hint: '?',
        icon: <Keyboard aria-hidden className="size-3.5" />,
        run: onKeys,
      },
      { label: 'Sign out', icon: <LogOut aria-hidden className="size-3.5" />, run: signOut },
    ],
  ]
}
