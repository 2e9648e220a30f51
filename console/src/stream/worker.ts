import { createHolder, type Tab } from './holder.ts'
import type { TabMessage } from './protocol.ts'

// One of these runs for all tabs of a browser.
const receive = createHolder()

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0]!
  const tab: Tab = { tell: (message) => port.postMessage(message) }
  port.onmessage = ({ data }: MessageEvent<TabMessage>) => receive(tab, data)
})
