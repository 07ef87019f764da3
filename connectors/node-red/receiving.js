'use strict';

// How deliveries come in.

const LARGEST = 1024 * 1024;
const METHODS = ['POST', 'DELETE'];

/**
 * Path -> what receives deliveries there. It comes before all else that the application does with a request: a signature
 * is over the bytes as they were sent, and the editor's parser would take them. It is what proves the sender, too.
 */
function receiving(httpNode) {
    const receivers = new Map();
    let app = httpNode;
    while (app.parent) app = app.parent;
    const first = (request, response, next) => {
        const receive = METHODS.includes(request.method) && receivers.get(request.url.split('?')[0]);
        return receive ? receive(request, response) : next();
    };
    app.use(first);
    const stack = (app._router || app.router).stack;
    stack.unshift(...stack.splice(stack.findIndex((layer) => layer.handle === first), 1));
    return receivers;
}

/** The bytes of a request; null where they are too many. */
async function wholeBody(request) {
    const parts = [];
    let length = 0;
    for await (const part of request) {
        length += part.length;
        if (length > LARGEST) return null;
        parts.push(part);
    }
    return Buffer.concat(parts);
}

function answer(response, status) {
    response.statusCode = status;
    response.end();
}

module.exports = { answer, receiving, wholeBody };
