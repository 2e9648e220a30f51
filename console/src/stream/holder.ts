import { openConnection, type Connection } from './connection.ts'
import type { FeedMessage, TabMessage } from './protocol.ts'

export interface Tab {
  tell: (message: FeedMessage) => void
}

/**
 * Holds the one stream of a browser for any number of tabs: opens it for the first, closes it after the last, tells
 * all of them the same.
 */
export function createHolder(open: (tell: (message: FeedMessage) => void) => Connection = openDefault) {
  const tabs = new Set<Tab>()
  let connection: Connection | null = null
  let scope: string | null = null

  function tellAll(message: FeedMessage): void {
    for (const tab of tabs) tab.tell(message)
    if (message.type === 'ended') connection = null
  }

  function close(): void {
    connection?.close()
    connection = null
    scope = null
  }

  return function receive(tab: Tab, message: TabMessage): void {
    if (message.type === 'hello') {
      tabs.add(tab)
      if (scope !== message.scope) close()
      scope = message.scope
      connection ??= open(tellAll)
      tab.tell({ type: 'state', state: connection.state() })
    } else if (message.type === 'bye') {
      tabs.delete(tab)
      if (tabs.size === 0) close()
    } else if (message.type === 'retry') connection?.retry()
    else {
      close()
      tellAll({ type: 'state', state: { kind: 'ended' } })
      tellAll({ type: 'ended' })
    }
  }
}

function openDefault(tell: (message: FeedMessage) => void): Connection {
  return openConnection({ url: '/api/stream', tell })
}
