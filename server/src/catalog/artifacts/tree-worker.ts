/** Lists one folder and ends; see `readTree`. */
import { parentPort, workerData } from 'node:worker_threads'
import { listTree, TreeFault } from './tree.ts'

const { root, ignore } = workerData as { root: string; ignore: string[] }
try {
  parentPort!.postMessage({ listing: listTree(root, ignore) })
} catch (error) {
  parentPort!.postMessage({ fault: (error as Error).message, isTreeFault: error instanceof TreeFault })
}
