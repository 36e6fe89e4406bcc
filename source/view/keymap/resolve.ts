import {type Binding, bindings, type Command} from './bindings.ts';
import type {ViewName} from './views.ts';

const byKey = new Map<string, Binding>(
	bindings.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)),
);

/** What a key does in a view; undefined where it does nothing there. */
export function commandFor(keyName: string, view: ViewName): Command | undefined {
	const binding = byKey.get(keyName);
	return binding !== undefined && worksIn(binding, view) ? binding.command : undefined;
}

/** Whether a binding is of use in a view. */
export function worksIn(binding: Binding, view: ViewName): boolean {
	return binding.views === undefined || binding.views.includes(view);
}
