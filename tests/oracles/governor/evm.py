"""OpenZeppelin's Governor in an Ethereum virtual machine in this process: no network, no mining, time is what a test says."""

import json
from functools import cache
from pathlib import Path

from eth.vm.message import Message
from eth_abi import decode, encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_utils import function_signature_to_4byte_selector, keccak

CODE = Path(__file__).with_name("governor.json")
STATES = ("pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed")
GAS = 30_000_000
OWNER = bytes.fromhex("a0" * 20)


class Reverted(Exception):
    """The contract refused."""


@cache
def compiled():
    return json.loads(CODE.read_text())


class Machine:
    """Contracts and their storage; every call runs at `time`, in seconds."""

    def __init__(self):
        self.state = EthereumTester(PyEVMBackend()).backend.chain.get_vm().state
        self.made = 0

    @property
    def time(self):
        return self.state.execution_context.timestamp

    @time.setter
    def time(self, seconds):
        self.state.execution_context._timestamp = seconds

    def deploy(self, name, *arguments):
        contract, self.made = compiled()[name], self.made + 1
        types = next((inputs for kind, inputs, _ in contract["functions"] if kind == "constructor"), [])
        address = bytes([192]) + self.made.to_bytes(19)
        code = bytes.fromhex(contract["bytecode"]) + encode(types, arguments)
        message = Message(gas=GAS, to=b"", sender=OWNER, value=0, data=b"", code=code, create_address=address)
        self._run("apply_create_message", message, OWNER)
        return Contract(self, name, address)

    def _run(self, how, message, origin):
        context = self.state.get_transaction_context_class()(gas_price=0, origin=origin)
        done = getattr(self.state.computation_class, how)(self.state, message, context)
        if done.is_error:
            raise Reverted(done.output.hex())
        self.state.lock_changes()
        return done.output


class Contract:
    """A contract by the names of its functions: `governor.state(id)`; `by` says who calls."""

    def __init__(self, machine, name, address):
        self.machine, self.address = machine, address
        self.functions = {one: (inputs, outputs) for one, inputs, outputs in compiled()[name]["functions"]}

    def __getattr__(self, name):
        inputs, outputs = self.functions[name]
        selector = function_signature_to_4byte_selector(f"{name}({','.join(inputs)})")

        def call(*arguments, by=OWNER):
            data = selector + encode(inputs, arguments)
            code = self.machine.state.get_code(self.address)
            message = Message(gas=GAS, to=self.address, sender=by, value=0, data=data, code=code)
            answer = decode(outputs, self.machine._run("apply_message", message, by))
            return answer[0] if len(answer) == 1 else answer

        return call


class Governor:
    """One electorate with its rule; proposals one after the other."""

    def __init__(self, machine, weights, *, quorum, delay, period, extension, timelock):
        self.machine, self.voters = machine, [bytes([160 + n]) * 20 for n in range(len(weights))]
        token = machine.deploy("Weights", self.voters, weights)
        self.timelock = machine.deploy("TimelockController", timelock, [], [], OWNER)
        self.contract = machine.deploy("Oracle", token.address, self.timelock.address, delay, period, extension, quorum)
        for role in ("PROPOSER_ROLE", "CANCELLER_ROLE", "EXECUTOR_ROLE"):
            self.timelock.grantRole(keccak(text=role), self.contract.address)

    def propose(self, title):
        self.proposal = ([OWNER], [0], [b""], title)
        self.hashed = (*self.proposal[:3], keccak(text=title))
        return self.contract.propose(*self.proposal)

    def state(self, proposal):
        return STATES[self.contract.state(proposal)]

    def vote(self, proposal, voter, support):
        self.contract.castVote(proposal, support, by=self.voters[voter])

    def queue(self):
        self.contract.queue(*self.hashed)

    def execute(self):
        self.contract.execute(*self.hashed)

    def cancel(self):
        self.contract.cancel(*self.hashed)
