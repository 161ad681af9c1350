"""gurux-dlms over the answers of a meter about a load profile (wrapper): what it captures, scales, rows in blocks.

Argument: a file of `QUESTION;ANSWER` lines in hexadecimal, the question without the wrapper's head. Prints the seconds of the
best of several passes, how many numbers the rows hold beside their times, and the sum of them.
"""

import sys
import time

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType
from gurux_dlms.objects import GXDLMSProfileGeneric

PASSES = 10


def read(exchanges):
    client = GXDLMSClient(True, 16, 1, Authentication.NONE, None, InterfaceType.WRAPPER)
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    reply = GXReplyData()
    for question, answer in exchanges:
        if question[1] == 1:
            name, attribute, reply = ".".join(map(str, question[5:11])), question[11], GXReplyData()
        client.getData(GXByteBuffer(answer), reply)
        if reply.isMoreData():
            client.receiverReady(reply)
        elif question[4] == 3:
            for register, _ in profile.captureObjects:
                if register.logicalName == name:
                    client.updateValue(register, attribute, reply.value)
        else:
            client.updateValue(profile, attribute, reply.value)
    return profile.buffer


def main():
    lines = [line.split(";") for line in open(sys.argv[1])]
    exchanges = [(bytes.fromhex(question), bytes.fromhex(answer)) for question, answer in lines]
    best = None
    for _ in range(PASSES):
        begun = time.perf_counter()
        rows = read(exchanges)
        took = time.perf_counter() - begun
        best = took if best is None else min(best, took)
    numbers = [cell for row in rows for cell in row if isinstance(cell, (int, float))]
    print(best, len(numbers), int(sum(numbers)))


main()
