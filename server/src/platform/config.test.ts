import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { isLoopback, readConfig, settings, settingsHelp, settingsTable } from './config.ts'

const key = Buffer.alloc(32, 7).toString('base64')

/** The lines that name what is wrong. */
function faultsOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim())
  }
}

describe('the settings', () => {
  test('have the defaults that the README names', () => {
    expect(readConfig({ BERTH_DATA_DIR: '/srv/berth' })).toEqual({
      port: 7070,
      host: '127.0.0.1',
      dataDir: '/srv/berth',
      publicUrl: null,
      trustProxy: false,
      requestsPerMinute: 1200,
      secretKey: null,
      nextSecretKey: null,
      backupPassphrase: null,
      backupBeforeMigration: true,
      logLevel: 'info',
      mail: null,
      billingGraceDays: 14,
      billingWebhookSecret: null,
      stripe: null,
      databaseUrl: null,
      databaseDirectUrl: null,
    })
    expect(readConfig({}).dataDir).toMatch(/\/\.berth$/)
  })

  test('are taken as given; empty ones count as absent', () => {
    const config = readConfig({
      BERTH_PORT: '0',
      BERTH_HOST: '0.0.0.0',
      BERTH_PUBLIC_URL: 'https://berth.example.com/',
      BERTH_TRUST_PROXY: '1',
      BERTH_SECRET_KEY: key,
      BERTH_LOG_LEVEL: '',
      DATABASE_URL: 'postgres://user:password@host/database',
    })
    expect(config).toMatchObject({
      port: 0,
      host: '0.0.0.0',
      publicUrl: 'https://berth.example.com',
      trustProxy: true,
      secretKey: key,
      logLevel: 'info',
      databaseDirectUrl: 'postgres://user:password@host/database',
    })
  })

  test('that are wrong are named all at once', () => {
    const faults = faultsOf({
      BERTH_PORT: '70700',
      BERTH_PUBLIC_URL: 'berth.example.com',
      BERTH_TRUST_PROXY: 'yes',
      BERTH_REQUESTS_PER_MINUTE: 'many',
      BERTH_SECRET_KEY: 'short',
      BERTH_LOG_LEVEL: 'loud',
      DATABASE_DIRECT_URL: 'postgres://host/database',
    })
    expect(faults.map((line) => line.split(' ')[0])).toEqual([
      'BERTH_PORT',
      'BERTH_PUBLIC_URL',
      'BERTH_TRUST_PROXY',
      'BERTH_REQUESTS_PER_MINUTE',
      'BERTH_SECRET_KEY',
      'BERTH_LOG_LEVEL',
      'DATABASE_DIRECT_URL',
    ])
  })

  test.each([
    ['BERTH_PORT', '-1'],
    ['BERTH_PORT', '1e3'],
    ['BERTH_PORT', '0x1f'],
    ['BERTH_PORT', ' '],
    ['BERTH_PUBLIC_URL', 'ftp://berth.example.com'],
    ['BERTH_PUBLIC_URL', 'https://berth.example.com/?a=b'],
    ['BERTH_PUBLIC_URL', 'https://name:password@berth.example.com'],
    ['BERTH_SMTP_URL', 'mail.example.com:587'],
    ['BERTH_SMTP_URL', 'http://mail.example.com'],
    ['BERTH_SMTP_URL', 'smtp://mail.example.com/?tls=no'],
    ['BERTH_MAIL_FROM', 'Berth'],
    ['BERTH_MAIL_FROM', 'a@b.c\nBcc: d@e.f'],
    ['BERTH_BILLING_WEBHOOK_SECRET', 'whsec_dG9vIHNob3J0'],
    ['BERTH_BILLING_WEBHOOK_SECRET', 'c2VjcmV0IHdpdGhvdXQgaXRzIHByZWZpeCwgd2hpY2ggaXQgbmVlZHM='],
    ['DATABASE_URL', 'mysql://host/database'],
  ])('%s is not "%s"', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringMatching(`^${name} must `)])
  })

  test('each say what they mean, in the README word for word and in the help', () => {
    for (const { name, meaning } of settings) {
      expect([name, meaning]).toEqual([name, expect.stringMatching(/\w/)])
      expect(settingsHelp()).toContain(name)
    }
    const readme = readFileSync(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8')
    const [table] = /^\| variable [^]*?(?=\n\n)/m.exec(readme) ?? []
    expect(table, 'the table of settings in README.md').toBe(settingsTable())
  })

  test('of e-mail go together: a mail server needs a sender', () => {
    const BERTH_SMTP_URL = 'smtp://user:a-real-secret@mail.example.com:587'
    expect(faultsOf({ BERTH_SMTP_URL })).toEqual([expect.stringMatching(/^BERTH_MAIL_FROM must say whom/)])
    const from = 'Berth <berth@example.com>'
    expect(readConfig({ BERTH_SMTP_URL, BERTH_MAIL_FROM: from }).mail).toEqual({ url: BERTH_SMTP_URL, from })
    expect(readConfig({ BERTH_MAIL_FROM: from }).mail).toBeNull()
  })

  test('of Stripe go together, and its address has nothing after the port', () => {
    const sealed = { BERTH_STRIPE_SECRET_KEY: 'sk_test_secret' }
    const secret = { BERTH_STRIPE_WEBHOOK_SECRET: 'whsec_secret' }
    for (const half of [sealed, secret])
      expect(faultsOf(half)).toEqual([expect.stringMatching(/^BERTH_STRIPE_SECRET_KEY and .* go together/)])
    expect(readConfig({ ...sealed, ...secret }).stripe).toEqual({
      secretKey: 'sk_test_secret',
      webhookSecret: 'whsec_secret',
      api: null,
    })
    const elsewhere = { BERTH_STRIPE_API: 'http://127.0.0.1:9/v1' }
    expect(faultsOf({ ...sealed, ...secret, ...elsewhere })).toEqual([
      expect.stringMatching(/^BERTH_STRIPE_API must have nothing after the port/),
    ])
  })

  test('never repeat a secret that is wrong', () => {
    const env = {
      BERTH_SMTP_URL: 'smpt://user:a-real-secret@mail.example.com',
      BERTH_SECRET_KEY: 'a-real-secret',
      DATABASE_URL: 'mysql://user:a-real-secret@host/database',
    }
    expect(faultsOf(env).join()).not.toContain('a-real-secret')
  })
})

test('only addresses of this machine are its own, whatever a name begins with', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
    expect([host, isLoopback(host)]).toEqual([host, true])
  for (const host of ['0.0.0.0', '127.example.com', '::', '10.0.0.1'])
    expect([host, isLoopback(host)]).toEqual([host, false])
})
