'use strict';

// Descriptors of triggers and actions, as the editor's forms need them.

/** A schema without references and without null as an alternative. */
function plain(schema, defs = schema.$defs || schema.definitions || {}) {
    if (schema.$ref) return { ...plain(defs[schema.$ref.split('/').pop()] || {}, defs), ...without(schema, '$ref') };
    const choices = (schema.anyOf || schema.oneOf || []).filter((one) => one.type !== 'null');
    return choices.length === 1 ? { ...plain(choices[0], defs), ...without(schema, 'anyOf', 'oneOf') } : schema;
}

const without = (schema, ...names) =>
    Object.fromEntries(Object.entries(schema).filter(([name, value]) => !names.includes(name) && value !== null));

/** text, number, boolean, choice, choices, list or json: how a field is asked for. */
function kindOf(schema, defs) {
    if (schema.enum) return 'choice';
    if (schema.type === 'array') {
        const each = plain(schema.items || {}, defs);
        if (each.enum) return 'choices';
        return each.type === 'string' ? 'list' : 'json';
    }
    return { string: 'text', integer: 'number', number: 'number', boolean: 'boolean' }[schema.type] || 'json';
}

const label = (name) => {
    const words = name.replace(/_ids$/, 's').replace(/_id$/, '').replaceAll('_', ' ');
    return words.charAt(0).toUpperCase() + words.slice(1);
};

/** What stands in a field in the first example that has it. Those of a trigger are events, not what a form takes. */
function example(descriptor, name) {
    const examples = descriptor.kind === 'trigger' ? [] : descriptor.examples || [];
    const having = examples.find((one) => one[name] !== undefined && one[name] !== null);
    return having ? having[name] : null;
}

/** The fields of a descriptor's input. */
function fields(descriptor) {
    const schema = descriptor.input_schema;
    if (!schema) return [];
    const defs = schema.$defs || schema.definitions || {};
    const whole = plain(schema, defs);
    return Object.entries(whole.properties || {}).map(([name, raw]) => {
        const found = plain(raw, defs);
        const each = found.type === 'array' ? plain(found.items || {}, defs) : found;
        return {
            name,
            label: label(name),
            help: found.description || '',
            kind: kindOf(found, defs),
            choices: each.enum || null,
            example: example(descriptor, name),
            dynamic: (descriptor.dynamic_fields || {})[name] || null,
            required: (whole.required || []).includes(name),
        };
    });
}

/** What the editor shows of a trigger or an action. */
const form = (descriptor) => ({
    key: descriptor.key,
    title: descriptor.title,
    description: descriptor.description,
    fields: fields(descriptor),
});

/** What was filled in, as the API takes it: nothing that is empty. */
function filled(values) {
    const empty = (value) => value === '' || value === null || value === undefined || (Array.isArray(value) && !value.length);
    return Object.fromEntries(Object.entries(values || {}).filter(([, value]) => !empty(value)));
}

module.exports = { filled, form };
