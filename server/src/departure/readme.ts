import type { Organization } from '@berth/contracts'
import { exportedTables } from './tables.ts'

/** What stands beside the data, for whoever opens the archive years later. */
export function readmeOf({ name, slug, id }: Organization): string {
  const tables = exportedTables.map((table) => `- \`${table.name}.jsonl\`: ${table.about}.`)
  return `# The organization ${slug}

Everything that Berth keeps of the organization "${name.replaceAll('"', "'")}" (${id}), at one moment. No secret's value, no
token and no token's hash is in here.

\`manifest.json\` names every file with its rows, bytes and SHA-256. Each \`.jsonl\` file holds one JSON object a line; a
long table goes on in \`<name>.2.jsonl\`, \`<name>.3.jsonl\` and so on.

${tables.join('\n')}

## Verifying it

\`mcpctl orgs verify <this archive>\` needs no server and checks all of the following, which you can also do by hand:

1. Each file has the bytes, the rows and the SHA-256 that the manifest gives.
2. The log's numbers (\`seq\`) have no gap, and each \`leaf\` (base64) is a JSON object of this organization and this number.
3. \`leafHash\` is the SHA-256 over a zero byte and the bytes of \`leaf\`.
4. Each opening's commitment stands in the leaf: \`sha256:\` and the SHA-256 over \`salt\` (base64) and the value as RFC 8785
   canonical JSON. An opening that is missing was erased; the log holds without it.
5. \`log.root\` in the manifest is the root of RFC 6962's Merkle tree over all leaf hashes, in order.
`
}
