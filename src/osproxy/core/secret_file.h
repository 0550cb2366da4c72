// Checks who else on this machine can read or change a file of secrets, or one that is believed.
//
//   for (const std::string& fault : faults_of_secret(path)) warn("{} {}", path, fault);
//   if (auto fault = fault_of_trusted(path)) return refuse(*fault);
//
// A file of secrets with the wrong mode is warned of, and used: a start that fails would be worse
// than what can be read already. State that osproxy itself has written is refused, because whoever
// can write it can have anything captured.
//
// A secret that Kubernetes mounts is a symbolic link to `..data/…`, and root's with mode 0644: only
// the pod sees it, so that its being readable is no fault.
//
// Thread safety: free functions. They block for as long as the file system does.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace osproxy {

/// Clauses: "can be read by everybody on this machine; chmod 600 it". None for a file that is not
/// there.
std::vector<std::string> faults_of_secret(const std::filesystem::path& path);

/// The same for a directory that holds secrets.
std::vector<std::string> faults_of_secret_directory(const std::filesystem::path& path);

/// A clause if somebody but root and the process's user owns the file or can write to it, or can
/// replace it, because its directory lets everybody; nullopt: the file is to be trusted, or there
/// is none.
std::optional<std::string> fault_of_trusted(const std::filesystem::path& path);

}  // namespace osproxy
