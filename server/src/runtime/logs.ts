import type { LogLine } from '@berth/contracts'
import type { Executor } from './process/executor.ts'
import type { LogEntry } from './process/log.ts'
import { logFolder } from './plan.ts'

export interface LogQuery {
  /** At most so many of the last lines. */
  lines: number
  /** Only lines with a higher number. */
  after?: number
}

/** What the processes of the deployments on this machine wrote. */
export interface RuntimeLogs {
  tail(deploymentId: string, query: LogQuery): Promise<LogLine[]>
  /** Calls back with the last lines, then with each as it is written, until the returned function is called. */
  follow(deploymentId: string, query: LogQuery, listener: (line: LogLine) => void): () => void
}

export function createLogs(executor: Executor, dataDir: string): RuntimeLogs {
  return {
    tail: async (id, query) => {
      const log = executor.openLog(logFolder(dataDir, id))
      const lines = log.tail(query).map(toLine)
      await log.close()
      return lines
    },
    follow: (id, query, listener) => {
      const log = executor.openLog(logFolder(dataDir, id))
      for (const entry of log.tail(query)) listener(toLine(entry))
      const unsubscribe = log.subscribe((entry) => listener(toLine(entry)))
      return () => {
        unsubscribe()
        void log.close()
      }
    },
  }
}

const toLine = ({ n, at, stream, text }: LogEntry): LogLine => ({ line: n, at, stream, text })
