import {
  clientSettings,
  curlScript,
  type Deployment,
  type McpClient,
  mcpClients,
  tokenPlaceholder,
} from '@berth/contracts'
import { useState } from 'react'
import { CodeBlock } from '../../ui/CodeBlock.tsx'
import { Field } from '../../ui/Field.tsx'
import { Select } from '../../ui/Select.tsx'
import { Tabs } from '../../ui/Tabs.tsx'

export type Reachable = Pick<Deployment, 'id' | 'name' | 'mcpUrl'>

const clients: Record<string, McpClient> = mcpClients
const tabs = [
  ...Object.entries(clients).map(([value, { title }]) => ({ value, label: title })),
  { value: 'curl', label: 'curl' },
]

/** What to paste into an MCP client, or a terminal, so that it reaches a deployment. Without a token a word stands for it. */
export function ClientSettings({
  deployments,
  token,
}: {
  deployments: readonly Reachable[]
  token?: string
}) {
  const [chosen, setChosen] = useState('claude-desktop')
  const [deploymentId, setDeploymentId] = useState(deployments[0]?.id)
  const deployment = deployments.find(({ id }) => id === deploymentId) ?? deployments[0]
  if (!deployment) return null
  const { name, mcpUrl } = deployment
  const secret = token ?? tokenPlaceholder
  const client = clients[chosen]
  return (
    <div className="flex flex-col gap-2.5">
      {deployments.length > 1 && (
        <Field label="Server">
          <Select
            label="Server"
            value={deployment.id}
            options={deployments.map(({ id, name: label }) => ({ value: id, label }))}
            onChange={setDeploymentId}
          />
        </Field>
      )}
      <Tabs label="MCP clients" tabs={tabs} value={chosen} onChange={setChosen}>
        <div className="flex flex-col gap-2">
          <p className="text-xs text-ink-2">
            {client
              ? `Into ${client.place}:`
              : 'In a terminal: opens a session and lists the tools. The token goes in by stdin, so that no other program sees it.'}
          </p>
          <CodeBlock
            label={client ? `settings for ${client.title}` : 'script for curl'}
            text={
              client
                ? JSON.stringify(clientSettings(client, name, mcpUrl, secret), null, 2)
                : curlScript(mcpUrl, secret)
            }
          />
          {client && <p className="text-xs text-ink-3">{client.afterwards}</p>}
        </div>
      </Tabs>
    </div>
  )
}
