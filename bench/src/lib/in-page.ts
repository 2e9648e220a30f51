/** What runs within the pages that are measured. */

/** Watches long tasks, layout shifts and skeletons from the first moment of a page; put there as an init script. */
export const observers = `
globalThis.berthBench = {
  moved: 0,
  lastTask: 0,
  shownAt: 0,
  watch() {
    const waiting = !document.querySelector('main h1') || document.querySelector('[aria-busy=true]')
    if (waiting) this.shownAt = 0
    else if (!this.shownAt) this.shownAt = performance.now()
  },
  interactive() { return Math.max(this.shownAt, this.lastTask) },
  atRest() { return this.shownAt > 0 && performance.now() - this.interactive() > 1000 },
  painted(id, text) {
    return new Promise((resolve) => {
      const look = () => {
        if (!document.querySelector('tr[data-row="' + id + '"]')?.textContent.includes(text)) return false
        observer.disconnect()
        requestAnimationFrame(() => setTimeout(() => resolve(Date.now())))
        return true
      }
      const observer = new MutationObserver(look)
      observer.observe(document, { subtree: true, childList: true, characterData: true })
      look()
    })
  },
}
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) berthBench.lastTask = Math.max(berthBench.lastTask, entry.startTime + entry.duration)
}).observe({ type: 'longtask', buffered: true })
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) berthBench.moved += entry.value
}).observe({ type: 'layout-shift', buffered: true })
new MutationObserver(() => berthBench.watch()).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['aria-busy'] })
`

/** Scrolls the page's main part for so long at an even pace, and answers when each frame was. */
export function scrollFor(ms: number, pixelsPerSecond: number): string {
  return `new Promise((resolve) => {
    const main = document.querySelector('main')
    const frames = []
    const step = (now) => {
      frames.push(now)
      main.scrollTop = ((now - frames[0]) / 1000) * ${pixelsPerSecond}
      if (now - frames[0] < ${ms}) requestAnimationFrame(step)
      else resolve(frames)
    }
    requestAnimationFrame(step)
  })`
}
