import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

/** Starts one PostgreSQL for the run, from which test files clone their databases. */
const globalSetup = [join(import.meta.dirname, 'server/src/platform/testing/global-setup.ts')].filter(
  (file) => existsSync(file),
)

const exclude = ['**/node_modules/**', '**/dist/**']

/**
 * Three kinds of tests, told by their names:
 * `*.test.ts` beside the code are fast and need nothing; `*.it.test.ts` use a real PostgreSQL or processes;
 * `e2e/` drives the whole product.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...exclude, '**/*.it.test.ts', 'e2e/**'],
          testTimeout: 10_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['**/*.it.test.ts'],
          exclude: [...exclude, 'e2e/**'],
          globalSetup,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          exclude,
          globalSetup,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
