import { type Deployment, deploymentWord, type Run } from '@berth/contracts'

/** How far a launch is, as a sentence. */
export function progressOf(
  deployment: Pick<Deployment, 'desired' | 'phase' | 'health' | 'hold' | 'quarantined' | 'tools'>,
  launch: Pick<Run, 'attempt' | 'retryLimit' | 'step' | 'endedAt'> | undefined,
): string {
  const word = deploymentWord(deployment)
  if (word === 'running' || word === 'degraded')
    return `It runs${deployment.tools === null ? '' : `, with ${deployment.tools === 1 ? 'one tool' : `${deployment.tools} tools`}`}.`
  if (word === 'held') return 'It is held; it goes on by itself once what holds it is gone.'
  if (word === 'quarantined') return 'It is in quarantine.'
  if (word === 'failed') return 'It did not come up, and is not tried again by itself.'
  if (word === 'stopped' || word === 'stopping') return `It is ${word}.`
  const again = launch && launch.attempt > 1 ? ` (try ${launch.attempt} of ${launch.retryLimit + 1})` : ''
  const step = launch && !launch.endedAt ? launch.step : null
  return step ? `Now: ${step}${again}.` : `It is about to be launched${again}.`
}
