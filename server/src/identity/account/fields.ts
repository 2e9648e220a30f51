import { Refusal } from '../../platform/problem.ts'

/** A field of the body that is not right, with what is wrong about it. */
export function wrongField(path: string, message: string): Refusal {
  return new Refusal('invalid_input', `${path}: ${message}`, { errors: [{ path, message }] })
}
