import { entitlementKeys, entitlements, planEndpoints } from '@berth/contracts'
import { implement, type Route } from '../../platform/http/implement.ts'
import { applyPlans, previewPlans } from './apply.ts'
import { planFile } from './file.ts'
import { newestPlans, toPlanVersion } from './store.ts'

export function planRoutes(): Route[] {
  return implement(planEndpoints, {
    list: async (context) => {
      const plans = await newestPlans(context.db)
      return { items: plans.filter((plan) => plan.public).map(toPlanVersion) }
    },
    catalog: async () => ({ items: entitlementKeys.map((key) => ({ key, ...entitlements[key] })) }),
    apply: async (context, { body: { file, dryRun } }) =>
      dryRun
        ? { applied: false, items: await previewPlans(context.db, file) }
        : { applied: true, items: await context.mutate((tx) => applyPlans(tx, file)) },
    export: async (context) => ({ file: planFile(await newestPlans(context.db)) }),
  })
}
