import CofferJSON
import Logging

// 监管容器 (compat/tokenstool.md 6): through the Docker Engine's socket, never through a shell; off unless it is configured.
extension TokensToolDoor {
    func startContainer() async throws(TokensToolFailure) -> JSONValue {
        let (engine, name) = try container(failing: TokensToolMessage.startFailed)
        do throws(DockerError) {
            // What is not there is answered as what runs: the original does not tell them apart.
            guard try await engine.status(name) == "exited" else { return .string(TokensToolMessage.isNotStopped(name)) }
            try await engine.start(name)
            return .string(TokensToolMessage.started)
        } catch {
            report(error, "start")
            throw .framework(status: 500)
        }
    }

    func stopContainer() async throws(TokensToolFailure) -> JSONValue {
        let (engine, name) = try container(failing: TokensToolMessage.stopFailed)
        do throws(DockerError) {
            try await engine.stop(name)
            return .string(TokensToolMessage.stopped)
        } catch {
            report(error, "stop")
            throw .refused(TokensToolMessage.stopFailed)
        }
    }

    func restartContainer() async throws(TokensToolFailure) -> JSONValue {
        let (engine, name) = try container(failing: TokensToolMessage.restartFailed)
        do throws(DockerError) {
            try await engine.restart(name)
            return .string(TokensToolMessage.restarted)
        } catch {
            report(error, "restart")
            throw .refused(TokensToolMessage.restartFailed)
        }
    }

    private func container(failing text: String) throws(TokensToolFailure) -> (DockerEngine, String) {
        guard let containers = settings.containers else { throw .refused(text + "(http.tokenstool.containers: off)") }
        guard containers.mode == .docker else {
            throw .refused(text + "(releases: cofferd runs no programs; use the service manager)")
        }
        let name = memory.settings.containerName
        guard ContainerName.isValid(name), containers.names.isEmpty || containers.names.contains(name) else {
            throw .refused(text + "(containerName)")
        }
        return (DockerEngine(socket: containers.socket), name)
    }

    private func report(_ error: DockerError, _ action: String) {
        logger.warning("the container engine refused", metadata: ["door": "tokenstool", "action": "\(action)", "reason": "\(error)"])
    }
}
