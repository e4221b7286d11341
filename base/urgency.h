#pragma once
// Urgency: a thread that should not be late goes before the others of a busy machine.

namespace assay {

/// While it lives, the calling thread and the threads that it starts are scheduled before those of
/// usual priority, as far as the system allows it: without the right to, nothing changes. Make and
/// destroy it on the same thread.
class Urgency {
 public:
  Urgency();
  ~Urgency();
  Urgency(const Urgency&) = delete;
  Urgency& operator=(const Urgency&) = delete;

 private:
  int before_;  ///< the nice value to go back to
};

}  // namespace assay
