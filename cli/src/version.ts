import packageJson from '../package.json' with { type: 'json' }

/** mcpctl's own version. */
export const version: string = packageJson.version
