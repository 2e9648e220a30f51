import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { findChromium } from '../../scripts/setup/programs.mjs'

/** It only ever opens our own pages, and must not talk to anyone else. */
const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
  '--disable-gpu',
]

/**
 * Starts a headless Chromium: the one that BERTH_CHROMIUM names, else one on PATH, else Playwright's own. Close it after the tests.
 * Its own sandbox is off: it needs user namespaces, which root and many containers do not have.
 */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.BERTH_CHROMIUM ?? findChromium() ?? undefined
  return chromium.launch({ executablePath, chromiumSandbox: false, args: quiet })
}
