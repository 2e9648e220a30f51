import { Copyable } from '../../../ui/Id.tsx'
import { Inert, InertBlock } from '../../../ui/Inert.tsx'
import { bytes } from './callMarks.ts'

/** One part of an answer as the server gave it: anything may be missing or of another kind. */
export interface Content {
  type?: unknown
  text?: unknown
  mimeType?: unknown
  data?: unknown
  uri?: unknown
  name?: unknown
  title?: unknown
  description?: unknown
  size?: unknown
  resource?: unknown
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** A part of an answer, shown as what it is. Nothing of it is followed, run or fetched. */
export function AnswerContent({ item, at }: { item: Content; at: number }) {
  const mimeType = text(item.mimeType) ?? ''
  if (item.type === 'text') return <InertBlock label={`Text ${at + 1}`} value={item.text} tall />
  if (item.type === 'image' && text(item.data) !== undefined)
    return <Picture data={item.data as string} mimeType={mimeType} at={at} />
  if (item.type === 'audio' && text(item.data) !== undefined)
    return <Sound data={item.data as string} mimeType={mimeType} at={at} />
  if (item.type === 'resource_link') return <ResourceLink item={item} />
  if (item.type === 'resource' && isRecord(item.resource))
    return <Resource resource={item.resource} at={at} />
  return <InertBlock label={`${text(item.type) ?? 'Part'} ${at + 1}`} value={item} />
}

const audible = /^audio\/[a-z0-9.+-]+$/i
/** Kinds of pictures that browsers draw without running anything in them. */
const drawable = /^image\/(png|jpeg|gif|webp|avif|bmp)$/

function Picture({ data, mimeType, at }: { data: string; mimeType: string; at: number }) {
  const url = dataUrl(data, mimeType, drawable)
  if (!url) return <Unshown what="picture" data={data} mimeType={mimeType} />
  return (
    <figure>
      <img
        src={url}
        alt={`Part ${at + 1} of the answer`}
        className="max-h-96 max-w-full rounded-md border border-line bg-bg object-contain"
      />
      <figcaption className="text-2xs text-ink-3">
        {mimeType}, {sizeOf(data)}
      </figcaption>
    </figure>
  )
}

function Sound({ data, mimeType, at }: { data: string; mimeType: string; at: number }) {
  const url = dataUrl(data, mimeType, audible)
  if (!url) return <Unshown what="sound" data={data} mimeType={mimeType} />
  return (
    <figure>
      {/* What a server answers has no captions. */}
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption */}
      <audio controls src={url} aria-label={`Sound ${at + 1} of the answer`} className="w-full max-w-md" />
      <figcaption className="text-2xs text-ink-3">
        {mimeType}, {sizeOf(data)}
      </figcaption>
    </figure>
  )
}

function Unshown({ what, data, mimeType }: { what: string; data: string; mimeType: string }) {
  return (
    <p className="text-xs text-ink-2">
      A {what} of the kind <Inert text={mimeType || 'unknown'} />, about {sizeOf(data)}, that is not shown
      here; it stands in the JSON below.
    </p>
  )
}

/** Where the server says that there is more. It is not a link: who follows it decides that for themselves. */
function ResourceLink({ item }: { item: Content }) {
  const uri = text(item.uri) ?? ''
  const facts = [text(item.mimeType), typeof item.size === 'number' ? bytes(item.size) : undefined]
  return (
    <div className="rounded-md border border-line px-2.5 py-1.5 text-xs">
      <p className="font-[550]">
        Resource <Inert text={text(item.title) ?? text(item.name) ?? 'without a name'} />
        <span className="ml-1.5 font-normal text-ink-3">{facts.filter(Boolean).join(', ')}</span>
      </p>
      {text(item.description) && (
        <p className="text-ink-2">
          <Inert text={item.description as string} />
        </p>
      )}
      <Copyable text={uri} what="address of the resource" sign="always" wrap />
    </div>
  )
}

function Resource({ resource, at }: { resource: Record<string, unknown>; at: number }) {
  const blob = text(resource.blob)
  const mimeType = text(resource.mimeType) ?? ''
  return (
    <div className="flex flex-col gap-1">
      <p className="text-xs text-ink-3">
        Resource <Inert text={text(resource.uri) ?? ''} />
        {mimeType && ` · ${mimeType}`}
      </p>
      {text(resource.text) !== undefined && (
        <InertBlock label={`Resource ${at + 1}`} value={resource.text} tall />
      )}
      {blob !== undefined &&
        (mimeType.startsWith('image/') ? (
          <Picture data={blob} mimeType={mimeType} at={at} />
        ) : (
          <Unshown what="file" data={blob} mimeType={mimeType} />
        ))}
    </div>
  )
}

/** Bytes in base64 as an address that the browser shows; null when they are none. */
function dataUrl(data: string, mimeType: string, kinds: RegExp): string | null {
  return kinds.test(mimeType) && /^[A-Za-z0-9+/]+={0,2}$/.test(data)
    ? `data:${mimeType};base64,${data}`
    : null
}

const sizeOf = (data: string) => bytes(Math.round(data.length * 0.75))

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
