import { useState } from 'react'
import { ConfigFields } from '../deployments/ConfigFields.tsx'
import { type ConfigValues, fieldsOf, initialValues, readObject } from '../deployments/schemaFields.ts'

/** The form that a schema makes for those who launch the server, as it is being written. */
export function SchemaPreview({ text }: { text: string }) {
  const { config: schema, faults } = text.trim() ? readObject(text) : { config: null, faults: {} }
  if (!schema) return null
  const unreadable = Object.values(faults)[0]
  const fields = unreadable ? null : fieldsOf(schema)
  return (
    <section
      aria-label="The form that it makes"
      className="rounded-lg border border-dashed border-line-strong p-3"
    >
      <p className="mb-2 text-xs text-ink-3">
        {unreadable ??
          (fields === null
            ? 'This schema names no properties: who launches it writes JSON.'
            : fields.length === 0
              ? 'Nothing can be configured.'
              : 'Who launches it fills in this form:')}
      </p>
      {fields && fields.length > 0 && (
        // Another schema is another form.
        <Tried key={JSON.stringify(schema)} fields={fields} />
      )}
    </section>
  )
}

function Tried({ fields }: { fields: NonNullable<ReturnType<typeof fieldsOf>> }) {
  const [values, setValues] = useState<ConfigValues>(() => initialValues(fields))
  return (
    <div className="flex flex-col gap-3">
      <ConfigFields
        fields={fields}
        values={values}
        faults={{}}
        onChange={(name, value) => setValues((before) => ({ ...before, [name]: value }))}
      />
    </div>
  )
}
