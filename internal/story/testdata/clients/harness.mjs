// What the scripts beside this one share: the npm package bitbucket, and what they hold its answers against.
import { createRequire } from "node:module"

const { Bitbucket } = createRequire(process.env.MODULES + "/")("bitbucket")
let failures = 0

export const connect = (username, password, request = {}) => new Bitbucket({ notice: false, baseUrl: process.env.API, auth: username && { username, password }, request })
export const r = { workspace: "acme", repo_slug: "widgets" }
export const has = (key, value) => page => page.values.some(one => one[key] === value)

// did says what does not go well, or gives something that does not hold, and goes on.
export async function did(what, call, holds = () => true) {
	try {
		const { data } = await call()
		if (!holds(data)) throw new Error("gave " + JSON.stringify(data))
		return data
	} catch (error) {
		failures++
		console.log(what + ": " + (error.status ? error.status + " " + error.message + " " + JSON.stringify(error.error) : error.stack))
		return {}
	}
}

// refused says what is not refused with a status.
export const refused = (what, status, call) => did(what, async () => ({ data: await call().then(() => "no refusal", error => error.status) }), got => got === status)

export const done = () => process.exit(failures > 0 ? 1 : 0)
