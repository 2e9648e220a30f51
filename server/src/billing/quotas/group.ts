/**
 * Group commit: whoever wants the same thing while somebody is at it waits, and all who waited go next, together. One
 * transaction for many, where each by itself would queue for the same row.
 */
export interface Groups<R, A> {
  /** Resolves with its answer once the work it was part of is done. */
  submit(key: string, request: R): Promise<A>
}

interface Waiting<R, A> {
  request: R
  resolve(answer: A): void
  reject(error: unknown): void
}

const most = 500

/** `work` answers the requests of one key in their order; one at a time a key. */
export function createGroups<R, A>(work: (key: string, requests: R[]) => Promise<A[]>): Groups<R, A> {
  const queues = new Map<string, Waiting<R, A>[]>()

  async function drain(key: string, queue: Waiting<R, A>[]): Promise<void> {
    while (queue.length > 0) {
      const batch = queue.splice(0, most)
      try {
        const answers = await work(
          key,
          batch.map(({ request }) => request),
        )
        for (const [index, { resolve }] of batch.entries()) resolve(answers[index]!)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    queues.delete(key)
  }

  return {
    submit: (key, request) => {
      const { promise, resolve, reject } = Promise.withResolvers<A>()
      const queue = queues.get(key)
      if (queue) queue.push({ request, resolve, reject })
      else {
        const fresh = [{ request, resolve, reject }]
        queues.set(key, fresh)
        // All who come in this turn go together.
        queueMicrotask(() => void drain(key, fresh))
      }
      return promise
    },
  }
}
