import { createContext, type ReactElement } from 'react'

/** Makes a button the control of the Field that it stands in, which names and describes it; elsewhere it stays as it is. */
export const ControlOf = createContext((button: ReactElement): ReactElement => button)
