"""A scripted OpenAI-compatible server with a log of the truth: when each request arrived and each token left.

    python3 server.py PORT LOG

The model's name chooses the script. Each answer has 120 tokens, the first after 300 ms, one every 10 ms unless the
script says otherwise. At the end of each answer a line of JSON goes to LOG: model, arrived, writes [[time, tokens], ...].
"""
import json, socket, sys, threading, time

TOKENS, FIRST, GAP = 120, 0.300, 0.010
WORDS = ["Air ", "scatters ", "short ", "waves ", "most, ", "so ", "blue ", "light ", "reaches ", "us. "]


def words(first):
    return first + [WORDS[i % len(WORDS)] for i in range(TOKENS - len(first))]


def one_by_one(tokens, field="content"):
    return [(FIRST + i * GAP, {field: token}, 1) for i, token in enumerate(tokens)]


def reasoning():
    half = TOKENS // 2
    steps = one_by_one(words([]))
    return [(at, {"reasoning_content" if i < half else "content": list(delta.values())[0]}, n)
            for i, (at, delta, n) in enumerate(steps)]


SCRIPTS = {
    "plain": one_by_one(words([])),
    "newline": one_by_one(words(["\n"])),
    "spaces": one_by_one(words(["  ", "  "])),
    "less-than": one_by_one(words(["<"])),
    "role-only": [(0.050, {"role": "assistant", "content": ""}, 0)] + one_by_one(words([])),
    "four-a-chunk": [(FIRST + i * GAP, {"content": "".join(words([])[i:i + 4])}, 4) for i in range(0, TOKENS, 4)],
    "reasoning": reasoning(),
}


def chunk(model, choices, **more):
    body = {"id": "c-1", "object": "chat.completion.chunk", "created": 1750000000, "model": model, "choices": choices, **more}
    data = f"data: {json.dumps(body)}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


def answer(sock, model, arrived, log, lock):
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    writes = []
    for at, delta, tokens in SCRIPTS[model]:
        due = arrived + at
        while (left := due - time.perf_counter()) > 0:
            time.sleep(left)
        sock.sendall(chunk(model, [{"index": 0, "delta": delta, "finish_reason": None}]))
        if tokens:
            writes.append([time.perf_counter(), tokens])
    usage = {"prompt_tokens": 9, "completion_tokens": TOKENS, "total_tokens": TOKENS + 9}
    sock.sendall(chunk(model, [{"index": 0, "delta": {}, "finish_reason": "stop"}]) + chunk(model, [], usage=usage)
                 + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    with lock:
        log.write(json.dumps({"model": model, "arrived": arrived, "writes": writes}) + "\n")
        log.flush()


def serve(sock, log, lock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = b""
    try:
        while True:
            while b"\r\n\r\n" not in buffer:
                if not (more := sock.recv(65536)):
                    return
                buffer += more
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0)
            while len(buffer) < length:
                buffer += sock.recv(65536)
            arrived, body, buffer = time.perf_counter(), buffer[:length], buffer[length:]
            if head.startswith(b"POST"):
                answer(sock, json.loads(body)["model"], arrived, log, lock)
                continue
            listing = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in SCRIPTS]}).encode()
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(listing)
                         + (b"" if head.startswith(b"HEAD") else listing))
    except OSError:
        pass
    finally:
        sock.close()


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
    lock = threading.Lock()
    with open(sys.argv[2], "w") as log:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, log, lock), daemon=True).start()
