import { WaitToConfirm } from '../identity/WaitToConfirm.tsx'
import { StepBody } from './StepBody.tsx'

/** The account of somebody whose address waits to be confirmed; the page asks about it again and again. */
export function HeldAccount() {
  return (
    <StepBody
      width="narrow"
      title="Confirm your e-mail address"
      sentence="The account is there; one link shows that its address is yours."
    >
      <WaitToConfirm />
    </StepBody>
  )
}
