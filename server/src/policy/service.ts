/** Policy: runs all gates over one set of facts, keeps what they decide, explains and repeats it. */
export type { CallQuestion, CallVerdict } from './check-call.ts'
export { createPolicy, type Explained, type Policy, type Question } from './decisions.ts'
export { judge, type Inputs, type Judgement } from './judge.ts'
export { policyRoutes } from './routes.ts'
