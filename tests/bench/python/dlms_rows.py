"""gurux-dlms over the answers of a recorded conversation (wrapper): association, captured objects, rows of a profile.

Argument: the transcript. Prints the rows of one pass and the seconds that it took, the best of several passes.
"""

import json
import sys
import time

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSProfileGeneric

PASSES = 20

# What the transcript asks of the profile, in its order.
ATTRIBUTES = {"GET capture_objects": 3, "GET capture_period": 4, "GET entries_in_use": 7, "GET profile_entries": 8}


def read(exchanges, name):
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    profile = GXDLMSProfileGeneric(name)
    for note, answer in exchanges:
        reply = GXReplyData()
        client.getData(GXByteBuffer(answer), reply)
        if note.startswith("AARQ"):
            client.parseAareResponse(reply.data)
        elif note in ATTRIBUTES:
            client.updateValue(profile, ATTRIBUTES[note], reply.value)
        elif note.startswith("GET buffer"):
            client.updateValue(profile, 2, reply.value)
    return len(profile.buffer)


def main():
    transcript = json.load(open(sys.argv[1]))
    exchanges = [(one["note"], bytes.fromhex(one["rx"])) for one in transcript["exchanges"]]
    best = None
    for _ in range(PASSES):
        begun = time.perf_counter()
        rows = read(exchanges, transcript["profile"])
        took = time.perf_counter() - begun
        best = took if best is None else min(best, took)
    print(rows, best)


main()
