/** Opens the documentation, which Berth shows beside the console, in a tab of its own. */
export function openDocumentation(): void {
  window.open('/docs/', '_blank', 'noopener')
}
