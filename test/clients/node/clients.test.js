// The SDKs of npm as clients of the gateway at GLIDE_URL, unchanged but for their base URL.
// Its router "pool" is a provider that does as the last message says, "simulated" a model of
// Glide's own; see actor_test.go.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createOpenAI } from '@ai-sdk/openai'
import Anthropic from '@anthropic-ai/sdk'
import { HumanMessage } from '@langchain/core/messages'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import * as ai from 'ai'
import OpenAI from 'openai'

const url = process.env.GLIDE_URL
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
const user = text => [{ role: 'user', content: text }]

// breakOff reads a stream and breaks it off. Some SDKs throw then and others end it; that the
// provider notices is what counts, and what it is asked for afterwards.
async function breakOff(stream, abort) {
  try {
    for await (const _ of stream) abort()
  } catch {}
}

test('openai', async t => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const create = (text, more, options) => client.chat.completions.create({ model: 'pool', messages: user(text), ...more }, options)
  const tools = [{ type: 'function', function: { name: 'weather', parameters: schema } }]

  await t.test('chat', async () => {
    const got = await create('hello')
    assert.equal(got.choices[0].message.content, 'fine')
    assert.equal(got.usage.total_tokens, 5)
  })
  await t.test('stream', async () => {
    const got = await client.chat.completions.stream({ model: 'pool', messages: user('hello') }).finalContent()
    assert.equal(got, 'fine')
  })
  await t.test('tools', async () => {
    const got = await create('tool', { tools })
    assert.deepEqual(JSON.parse(got.choices[0].message.tool_calls[0].function.arguments), { city: 'Rome' })
    const streamed = await client.chat.completions.stream({ model: 'pool', messages: user('tool'), tools }).finalMessage()
    assert.deepEqual(JSON.parse(streamed.tool_calls[0].function.arguments), { city: 'Rome' })
  })
  await t.test('embeddings', async () => {
    const got = await client.embeddings.create({ model: 'simulated', input: ['a', 'b'], dimensions: 8 })
    assert.deepEqual(got.data.map(d => d.embedding.length), [8, 8])
  })
  await t.test('responses', async () => {
    const got = await client.responses.create({ model: 'pool', input: 'hello' })
    assert.equal(got.output_text, 'fine')
    let text = ''
    for await (const event of await client.responses.create({ model: 'pool', input: 'hello', stream: true })) {
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    assert.equal(text, 'fine')
  })
  await t.test('models', async () => {
    const ids = []
    for await (const model of client.models.list()) ids.push(model.id)
    assert.deepEqual(ids, ['simulated', 'simulated/m', 'pool', 'pool/first'])
  })
  await t.test('errors', async () => {
    await assert.rejects(create('refuse'), e => e instanceof OpenAI.BadRequestError && e.code === 'context_length_exceeded')
    await assert.rejects(create('hello', { model: 'none' }), e => e instanceof OpenAI.NotFoundError && e.code === 'model_not_found')
    await assert.rejects(client.chat.completions.stream({ model: 'pool', messages: user('break') }).finalContent(), /not the whole answer/)
  })
  await t.test('cancel', async () => {
    const controller = new AbortController()
    const stream = await create('wait', { stream: true }, { signal: controller.signal })
    await breakOff(stream, () => controller.abort())
  })
})

test('@anthropic-ai/sdk', async t => {
  const client = new Anthropic({ baseURL: url, apiKey: 'unused', maxRetries: 0 })
  const request = (text, more) => ({ model: 'pool', max_tokens: 100, messages: user(text), ...more })
  const tools = [{ name: 'weather', input_schema: schema }]

  await t.test('chat', async () => {
    const got = await client.messages.create(request('hello'))
    assert.deepEqual(got.content, [{ type: 'text', text: 'fine' }])
    assert.equal(got.usage.output_tokens, 2)
  })
  await t.test('stream', async () => {
    assert.equal(await client.messages.stream(request('hello')).finalText(), 'fine')
  })
  await t.test('tools', async () => {
    const got = await client.messages.create(request('tool', { tools }))
    assert.equal(got.stop_reason, 'tool_use')
    assert.deepEqual(got.content[0].input, { city: 'Rome' })
    const streamed = await client.messages.stream(request('tool', { tools })).finalMessage()
    assert.deepEqual(streamed.content[0].input, { city: 'Rome' })
  })
  await t.test('errors', async () => {
    await assert.rejects(client.messages.create(request('refuse')), e => e instanceof Anthropic.BadRequestError && /too long/.test(e.message))
    await assert.rejects(client.messages.create(request('hello', { model: 'none' })), e => e instanceof Anthropic.NotFoundError)
    await assert.rejects(client.messages.create(request('hello', { service_tier: 'auto' })), /service_tier/)
    await assert.rejects(client.messages.stream(request('break')).finalText(), /not the whole answer/)
  })
  await t.test('cancel', async () => {
    const stream = client.messages.stream(request('wait'))
    await breakOff(stream, () => stream.abort())
  })
})

test('ai', async t => {
  const provider = createOpenAI({ baseURL: `${url}/v1`, apiKey: 'unused' })
  const chat = { model: provider.chat('pool'), maxRetries: 0 }

  await t.test('chat', async () => {
    for (const model of [provider('pool'), provider.chat('pool')]) { // responses, chat completions
      assert.equal((await ai.generateText({ ...chat, model, prompt: 'hello' })).text, 'fine')
    }
  })
  await t.test('stream', async () => {
    for (const model of [provider('pool'), provider.chat('pool')]) {
      assert.equal(await ai.streamText({ ...chat, model, prompt: 'hello' }).text, 'fine')
    }
  })
  await t.test('tools', async () => {
    const tools = { weather: ai.tool({ inputSchema: ai.jsonSchema(schema) }) }
    const got = await ai.generateText({ ...chat, prompt: 'tool', tools })
    assert.deepEqual(got.toolCalls[0].input, { city: 'Rome' })
    const streamed = ai.streamText({ ...chat, prompt: 'tool', tools })
    assert.deepEqual((await streamed.toolCalls)[0].input, { city: 'Rome' })
  })
  await t.test('embeddings', async () => {
    const got = await ai.embedMany({ model: provider.embedding('simulated'), values: ['a', 'b'] })
    assert.equal(got.embeddings.length, 2)
  })
  await t.test('errors', async () => {
    await assert.rejects(ai.generateText({ ...chat, prompt: 'refuse' }), e => e.statusCode === 400 && /too long/.test(e.message))
    let failure
    const broken = ai.streamText({ ...chat, prompt: 'break', onError: ({ error }) => { failure = error } })
    await broken.consumeStream()
    assert.match(JSON.stringify(failure) + failure, /not the whole answer|terminated/)
  })
  await t.test('cancel', async () => {
    const controller = new AbortController()
    const stream = ai.streamText({ ...chat, prompt: 'wait', abortSignal: controller.signal })
    await breakOff(stream.textStream, () => controller.abort())
  })
})

test('@langchain/openai', async t => {
  const configuration = { baseURL: `${url}/v1` }
  const model = new ChatOpenAI({ model: 'pool', apiKey: 'unused', maxRetries: 0, configuration })
  const say = text => [new HumanMessage(text)]

  await t.test('chat', async () => {
    const got = await model.invoke(say('hello'))
    assert.equal(got.content, 'fine')
    assert.equal(got.usage_metadata.total_tokens, 5)
  })
  await t.test('stream', async () => {
    let text = ''
    for await (const chunk of await model.stream(say('hello'))) text += chunk.content
    assert.equal(text, 'fine')
  })
  await t.test('tools', async () => {
    const got = await model.bindTools([{ type: 'function', function: { name: 'weather', parameters: schema } }]).invoke(say('tool'))
    assert.deepEqual(got.tool_calls[0].args, { city: 'Rome' })
  })
  await t.test('embeddings', async () => {
    const embeddings = new OpenAIEmbeddings({ model: 'simulated', apiKey: 'unused', configuration })
    assert.equal((await embeddings.embedDocuments(['a', 'b'])).length, 2)
  })
  await t.test('errors', async () => {
    await assert.rejects(model.invoke(say('refuse')), /too long/)
    await assert.rejects(async () => {
      for await (const _ of await model.stream(say('break')));
    }, /not the whole answer/)
  })
  await t.test('cancel', async () => {
    const controller = new AbortController()
    const stream = await model.stream(say('wait'), { signal: controller.signal })
    await breakOff(stream, () => controller.abort())
  })
})
